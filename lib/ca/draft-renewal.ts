/**
 * A CA certificate renewed with the same key: the same subject, byte for byte, and the same subjectKeyIdentifier, so that
 * the old and the new certificate verify each other's leaf certificates. The rest is as in certificates that are made here.
 * What limits the CA stays: a renewal never lets it do more than before.
 */
import { X509Certificate } from 'node:crypto';
import { bufferOf } from '../bytes.ts';
import { assembleCertificate } from '../certificate/assemble.ts';
import {
  type CertificateElements,
  type Extension,
  readCertificate,
} from '../certificate/read-certificate.ts';
import { writeAlternativeNames } from '../certificate/write-names.ts';
import {
  CA_KEY_USAGES,
  critical,
  extension,
  keyUsage,
  subjectKeyIdentifier,
  writeTbs,
} from '../certificate/write-tbs.ts';
import { OID } from '../der/oids.ts';
import { TAG } from '../der/read.ts';
import { booleanTrue, element, sequence } from '../der/write.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { caKeyIdentifierOf } from './ca-key-identifier.ts';
import { CA_COMMON_NAMES } from './common-names.ts';
import { basicConstraintsOf } from './lint-parts.ts';

export interface RenewalFields {
  readonly ca: CaName;
  readonly keySpec: CaKeySpec;
  /** DER of the certificate that is renewed. */
  readonly renews: Uint8Array;
  /** Octets of a positive INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What narrows what a CA may sign. */
const KEPT: readonly string[] = [OID.extKeyUsage, OID.nameConstraints];

/** TBSCertificate: only the fields determine it, so that anyone who audits the signature draws up the same bytes. */
function writeRenewal(fields: RenewalFields): Uint8Array {
  const { ca, keySpec, serialNumber, notBefore, notAfter } = fields;
  const renews = readCertificate(fields.renews);
  const [issuer, subject] = [renews.subject.raw, renews.subject.raw];
  return writeTbs(
    {
      ...{ serialNumber, issuer, subject, notBefore, notAfter },
      algorithm: signingAlgorithmOf(keySpec),
      publicKey: renews.publicKey.raw,
    },
    writeExtensions(ca, renews),
  );
}

function writeExtensions(ca: CaName, renews: CertificateElements): Uint8Array[] {
  const names = writeAlternativeNames([{ type: 'DNS', value: CA_COMMON_NAMES[ca] }]);
  return [
    keyUsage(CA_KEY_USAGES),
    critical(OID.basicConstraints, writeConstraints(renews)),
    subjectKeyIdentifier(caKeyIdentifierOf(renews)),
    extension(OID.subjectAltName, names),
    ...renews.extensions.filter(({ id }) => KEPT.includes(id)).map(writeAgain),
  ];
}

const writeAgain = (kept: Extension): Uint8Array =>
  (kept.critical ? critical : extension)(kept.id, kept.value);

function writeConstraints(renews: CertificateElements): Uint8Array {
  const pathLength = basicConstraintsOf(renews)?.pathLength;
  return sequence(
    booleanTrue(),
    ...(pathLength === undefined ? [] : [element(TAG.integer, pathLength)]),
  );
}

/** `writeRenewal`, read back by OpenSSL. @throws Fault lint-failed */
export function draftRenewal(fields: RenewalFields): Uint8Array {
  const tbs = writeRenewal(fields);
  const findings = lintRenewal(tbs, fields);
  if (findings.length === 0) return tbs;
  throw new Fault('lint-failed', `renewal of ${fields.ca}: ${findings.join('; ')}`);
}

function lintRenewal(tbs: Uint8Array, fields: RenewalFields): string[] {
  const draft = unsigned(tbs, fields.keySpec);
  const renews = new X509Certificate(fields.renews);
  const hex = (bytes: Uint8Array) => bufferOf(bytes).toString('hex').toUpperCase();
  const keyOf = ({ publicKey }: X509Certificate) =>
    hex(publicKey.export({ type: 'spki', format: 'der' }));
  const pairs: [string, unknown, unknown][] = [
    ['CA', draft.ca, true],
    ['subject', draft.subject, renews.subject],
    ['issuer', draft.issuer, renews.subject],
    ['serialNumber', draft.serialNumber, hex(fields.serialNumber)],
    ['validFrom', Date.parse(draft.validFrom), fields.notBefore.getTime()],
    ['validTo', Date.parse(draft.validTo), fields.notAfter.getTime()],
    ['public key', keyOf(draft), keyOf(renews)],
    ['self-issued', draft.checkIssued(draft), true],
    ['issued by the certificate before', draft.checkIssued(renews), true],
  ];
  return pairs
    .filter(([, got, meant]) => got !== meant)
    .map(([field, got, meant]) => `${field} is ${String(got)}, expected ${String(meant)}`);
}

/** Whether a TBSCertificate is a renewal of this certificate, with whatever serial number and dates. */
export function isRenewalOf(
  tbs: Uint8Array,
  { ca, keySpec, renews }: Pick<RenewalFields, 'ca' | 'keySpec' | 'renews'>,
): boolean {
  try {
    const draft = unsigned(tbs, keySpec);
    const again = writeRenewal({
      ...{ ca, keySpec, renews },
      serialNumber: Buffer.from(draft.serialNumber, 'hex'),
      notBefore: new Date(draft.validFrom),
      notAfter: new Date(draft.validTo),
    });
    return bufferOf(again).equals(tbs);
  } catch {
    return false; // not a certificate
  }
}

/** For OpenSSL to read: with a signature of nothing. */
const unsigned = (tbs: Uint8Array, keySpec: CaKeySpec): X509Certificate =>
  new X509Certificate(
    assembleCertificate(tbs, { algorithm: signingAlgorithmOf(keySpec) }, new Uint8Array(64)),
  );
