/**
 * What every CertificateSigningRequest of the certificates API must be, for any requester. All of the object except for
 * the CSR in it is the forwarder's word: these checks keep honest forwarders from mistakes, and the record says what a
 * dishonest one claimed. They are never the only reason to issue something.
 */
import { attemptOf } from '../certificates-api/attempts.ts';
import type { CsrObject } from '../certificates-api/csr-object.ts';
import { type ApiSigner, acceptsUsages, signerOfPath } from '../certificates-api/signers.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import { formatDuration } from '../duration.ts';
import { listed, quote } from '../printable.ts';
import type { Violation } from '../refusal/violation.ts';

/** What does not depend on a cluster record: it stays as it is for as long as the CSR exists. */
export function judgeApiObject(
  { requestId, path }: Pick<RequestAddress, 'requestId' | 'path'>,
  { metadata, spec, status }: CsrObject,
): Violation[] {
  const signer = signerOfPath(path);
  if (!signer) throw new Error(`${path} is not the path of a signer`);
  const violations: Violation[] = [];
  if (attemptOf(requestId)?.uid !== metadata.uid)
    violations.push(
      mismatch(
        'metadata.uid',
        metadata.uid,
        `that of the request id ${requestId}, which is <uid> or <uid>.<attempt>`,
      ),
    );
  if (spec.signerName !== signer.signerName)
    violations.push(mismatch('spec.signerName', spec.signerName, signer.signerName));
  if (!acceptsUsages(signer, spec.usages))
    violations.push({
      code: 'csr-usages',
      field: 'spec.usages',
      got: listed(spec.usages),
      allowed: signer.usages.map((usages) => listed(usages)).join('; or '),
      fix: `create a CSR with usages that ${signer.signerName} accepts`,
    });
  return [...violations, ...judgeConditions(signer, status.conditions ?? [])];
}

function mismatch(field: string, got: string, allowed: string): Violation {
  return {
    code: 'csr-object-mismatch',
    field,
    got: quote(got) || '(empty)',
    allowed,
    fix: 'upload each CSR at the path of its signer, below its uid',
  };
}

const REFUSED = ['Denied', 'Failed'];

/** Serving certificates are issued while the CSR is pending: the forwarder approves what the record allows. */
function judgeConditions(
  { when }: ApiSigner,
  conditions: NonNullable<CsrObject['status']['conditions']>,
): Violation[] {
  const types = conditions.filter(({ status }) => status === 'True').map(({ type }) => type);
  const refused = types.filter((type) => REFUSED.includes(type));
  if (refused.length === 0 && (when === 'pending' || types.includes('Approved'))) return [];
  return [
    {
      code: 'csr-not-approved',
      field: 'status.conditions',
      got: types.length === 0 ? 'no condition' : listed(types),
      allowed: when === 'pending' ? 'neither Denied nor Failed' : 'Approved, and not Failed',
      fix:
        refused.length > 0
          ? 'create a new CSR: conditions cannot be taken back'
          : 'approve the CSR in its cluster',
    },
  ];
}

export function signingNotAllowed(cluster: string, { signerName }: ApiSigner): Violation {
  return {
    code: 'csr-signing-not-allowed',
    field: 'csrSigning',
    got: signerName,
    allowed: `signers in csrSigning of the record of ${cluster}`,
    fix: `add the signer to csrSigning in the cluster record of ${cluster}`,
  };
}

/** How long the certificate is valid: less than the record allows if the CSR asks for less. Signers may shorten it. */
export function apiValidity({ spec }: CsrObject, mostSeconds: number): number {
  return Math.min(mostSeconds, spec.expirationSeconds ?? mostSeconds);
}

/** A certificate is not valid for longer than its CSR asks for. */
export function judgeRecordedValidity({ spec }: CsrObject, validitySeconds: number): string[] {
  const { expirationSeconds } = spec;
  if (expirationSeconds === undefined || validitySeconds <= expirationSeconds) return [];
  return [
    `it is for ${formatDuration(validitySeconds)}, but its CSR asks for ${formatDuration(expirationSeconds)}`,
  ];
}
