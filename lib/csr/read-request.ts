/**
 * The CSR reader: uploaded bytes become a `CheckedRequest`, or a list of all violations. Nothing after it reads the bytes
 * again.
 */
import { hash } from 'node:crypto';
import { oncePerBytes, toHex } from '../bytes.ts';
import { DerError, readDer, readFields, readInteger, TAG } from '../der/read.ts';
import { LIMITS } from '../limits.ts';
import { quote } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';
import type { AlternativeName } from './alternative-names.ts';
import { looksLikePem, readOnePemBlock } from './pem.ts';
import { judgePossession } from './possession.ts';
import { type CertifiableKey, judgePublicKey } from './public-key.ts';
import { readRequestedNames } from './requested-extensions.ts';
import { readSubject, type Subject } from './subject.ts';

/** What a valid CSR requests. Only `readRequest` creates one. */
export interface CheckedRequest {
  readonly subject: Subject;
  readonly names: readonly AlternativeName[];
  readonly key: CertifiableKey;
}

/** The parts of a CSR that could be read, valid or not. Used only to find more violations, never to issue. */
export type SeenRequest = Partial<CheckedRequest>;

export type CsrReading =
  | {
      readonly request: CheckedRequest;
      readonly seen: SeenRequest;
      readonly violations: readonly [];
    }
  | {
      readonly request?: undefined;
      readonly seen: SeenRequest;
      readonly violations: readonly Violation[];
    };

const FIX = "upload kubeadm's .csr file unchanged";

/** SHA-256 of the object's bytes in lower-case hex, by which approvals and records refer to a CSR. */
export const digestOf: (bytes: Uint8Array) => string = oncePerBytes((bytes) =>
  hash('sha256', bytes, 'hex'),
);

/** Reads one object: a PKCS#10 v1 CSR (RFC 2986) as one strict PEM block, or as DER. */
export function readRequest(bytes: Uint8Array): CsrReading {
  const opened = looksLikePem(bytes) ? fromPem(bytes) : { der: bytes };
  if ('code' in opened) return { seen: {}, violations: [opened] };
  if (opened.der.length > LIMITS.maxCsrBytes)
    return { seen: {}, violations: [malformed(`${opened.der.length} bytes of DER`)] };
  try {
    return judgeDer(opened.der);
  } catch (error) {
    if (error instanceof DerError) return { seen: {}, violations: [malformed(error.message)] };
    throw error;
  }
}

function fromPem(bytes: Uint8Array): { der: Uint8Array } | Violation {
  const block = readOnePemBlock(bytes);
  const field = 'object';
  const allowed = 'one CERTIFICATE REQUEST PEM block with nothing around it, or DER';
  if ('problem' in block)
    return { code: 'pem-malformed', field, got: block.problem, allowed, fix: FIX };
  if (block.label !== 'CERTIFICATE REQUEST')
    return { code: 'pem-label', field, got: quote(block.label), allowed, fix: FIX };
  return block;
}

function judgeDer(der: Uint8Array): CsrReading {
  const [info, algorithm, signature] = readFields(
    readDer(der, 'CSR'),
    TAG.sequence,
    'certificationRequestInfo',
    'signatureAlgorithm',
    'signature',
  );
  if (!info || !algorithm || !signature) throw new DerError('CSR: incomplete');
  const fields = ['version', 'subject', 'subjectPKInfo', 'attributes'];
  const [version, name, spki, attributes] = readFields(info, TAG.sequence, ...fields);
  if (!version || !name || !spki || !attributes) throw new DerError(`${info.name}: incomplete`);
  const violations: Violation[] = [];
  // Each part is judged even if another is malformed, so that a rejection names all reasons.
  const judge = <T>(part: () => T): T | undefined => {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      violations.push(malformed(error.message));
      return undefined;
    }
  };
  violations.push(...(judge(() => judgeVersion(readInteger(version))) ?? []));
  const subject = judge(() => readSubject(name));
  const key = judge(() => judgePublicKey(spki));
  const names = judge(() => readRequestedNames(attributes.as(ATTRIBUTES_TAG, 'attributes')));
  for (const part of [subject, key, names]) violations.push(...(part?.violations ?? []));
  violations.push(...(judge(() => judgePossession(info, algorithm, signature, key?.key)) ?? []));
  const seen: SeenRequest = {
    ...(subject && { subject: subject.subject }),
    ...(names && { names: names.names }),
    ...(key?.key && { key: key.key }),
  };
  if (violations.length > 0 || !subject || !names || !key?.key)
    return { seen, violations: withoutRepetition(violations) };
  const request = { subject: subject.subject, names: names.names, key: key.key };
  return { request, seen, violations: [] };
}

const ATTRIBUTES_TAG = 0xa0;

/** Each violation once, and a limited number of each code. */
function withoutRepetition(violations: readonly Violation[]): Violation[] {
  const reasons = new Map<Violation['code'], Set<string>>();
  return violations.filter(({ code, got }) => {
    const known = reasons.get(code) ?? new Set();
    if (known.has(got) || known.size >= LIMITS.maxViolationsPerCode) return false;
    reasons.set(code, known.add(got));
    return true;
  });
}

function judgeVersion(octets: Uint8Array): Violation[] {
  if (octets.length === 1 && octets[0] === 0) return [];
  const got = `version field ${toHex(octets).slice(0, 16)}`;
  return [{ code: 'csr-version', field: 'version', got, allowed: '0 (version 1)', fix: FIX }];
}

function malformed(got: string): Violation {
  const allowed = `a PKCS#10 CSR in strict DER of at most ${LIMITS.maxCsrBytes} bytes`;
  return { code: 'der-malformed', field: 'object', got: quote(got), allowed, fix: FIX };
}
