/**
 * The cross certificate of a rotation: the key of the new CA, certified by the old one. Everything that trusts only the old
 * CA can verify what the new one has issued, and a node accepts the new CA because of it. As for every signature with a CA
 * key, it is recorded before it is signed, and the first record of racing calls counts.
 */
import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.ts';
import type { IssuingCa } from '../ca/issuing-ca.ts';
import { basicConstraintsOf } from '../ca/lint-parts.ts';
import { signRecorded, storeOnce } from '../ca/record-version.ts';
import { assembleCertificate } from '../certificate/assemble.ts';
import { certificateToPem } from '../certificate/pem.ts';
import { extensionOf, readCertificate } from '../certificate/read-certificate.ts';
import type { CaVersionName } from '../contract/ca-record.ts';
import {
  type CrossRecord,
  crossCertificateKey,
  crossRecordKey,
  crossRecordSchema,
} from '../contract/cross-record.ts';
import { isSameKey } from '../csr/same-key.ts';
import { OID } from '../der/oids.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import type { CaKeySpec } from '../signing/signing-algorithm.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import { writeCaTbs } from './ca-tbs.ts';
import { type DraftedCa, readDraftedCa, refuseDifferences } from './draft-ca.ts';

/** The old CA, which signs. */
export interface CrossSigner {
  readonly ca: IssuingCa;
  readonly keySpec: CaKeySpec;
}

/** Why the old CA cannot certify a new one; undefined if it can. */
export function whyNoCross({ certificate, notAfter, version }: IssuingCa, now: Date) {
  const { pathLength } = basicConstraintsOf(readCertificate(certificate.raw)) ?? {};
  if (pathLength?.every((octet) => octet === 0))
    return `version ${version} has pathLenConstraint 0: no CA certificate can be below it (RFC 5280 section 4.2.1.9)`;
  if (notAfter.getTime() <= now.getTime())
    return `version ${version} expired at ${notAfter.toISOString()}: nothing that it signs is valid`;
  return undefined;
}

export const readCrossRecord = (
  { authority }: Pick<Service, 'authority'>,
  name: CaVersionName,
): Promise<CrossRecord | undefined> =>
  readDocument(authority, crossRecordKey(name), crossRecordSchema);

/** @returns the record that counts: the existing one, or another call's, if that was faster */
export async function recordCross(
  service: Service,
  name: CaVersionName,
  signer: CrossSigner,
  drafted: DraftedCa,
): Promise<CrossRecord> {
  const known = await readCrossRecord(service, name);
  if (known) return known;
  const tbs = draftCross(signer, drafted, Uint8Array.of(1, ...service.randomBytes(16)));
  lintDraftedCross(tbs, signer, drafted);
  const { ca, keySpec } = signer;
  const record: CrossRecord = {
    ...name,
    from: ca.version,
    keyId: ca.keyId,
    keySpec,
    publicKey: ca.certificate.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    decidedAt: service.now().toISOString(),
    tbs: Buffer.from(tbs).toString('base64'),
  };
  const key = crossRecordKey(name);
  await service.authority.create(key, formatDocument(record), JSON_TYPE);
  const winner = await readCrossRecord(service, name);
  if (!winner) throw new Fault('unavailable', `${key}: written, but cannot be read`);
  return winner;
}

/**
 * No pathLenConstraint: that of the old CA applies, as it does to the new one. For a certificate from outside, it says which
 * one it is about.
 */
function draftCross({ ca }: CrossSigner, drafted: DraftedCa, serialNumber: Uint8Array): Uint8Array {
  return writeCaTbs({
    serialNumber,
    algorithm: ca.algorithm,
    issuer: ca.subject,
    subject: drafted.subject,
    notBefore: drafted.notBefore,
    notAfter: endOf(ca, drafted),
    publicKey: drafted.publicKey,
    subjectKeyIdentifier: drafted.subjectKeyIdentifier,
    authorityKeyIdentifier: ca.keyIdentifier,
    keyUsages: ['keyCertSign', 'cRLSign'],
    ...(drafted.ownName && { alternativeNames: drafted.ownName }),
  });
}

const endOf = (ca: IssuingCa, drafted: DraftedCa): Date =>
  ca.notAfter < drafted.notAfter ? ca.notAfter : drafted.notAfter;

const EXTENSIONS = [
  `${OID.keyUsage}!`,
  `${OID.basicConstraints}!`,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
];

/**
 * Compares the draft, as OpenSSL reads it where it can, with what a cross certificate of these two CAs has to be.
 * Nothing else is signed, even if the record is forged. The auditor uses separate rules (lib/ca/lint-cross.ts), so that it
 * finds a bug in these.
 * @throws Fault lint-failed
 */
function lintDraftedCross(tbs: Uint8Array, { ca, keySpec }: CrossSigner, drafted: DraftedCa): void {
  const cross = readDraftedCa(tbs, keySpec);
  const elements = readCertificate(cross.x509.raw);
  const { pathLength } = basicConstraintsOf(elements) ?? {};
  const names = extensionOf(elements, OID.subjectAltName)?.value;
  const { ownName } = drafted;
  refuseDifferences('cross certificate', [
    ['CA', String(cross.x509.ca), 'true'],
    ['pathLenConstraint', pathLength ? toHex(pathLength) : 'absent', 'absent'],
    ['issuer', toHex(cross.issuer), toHex(ca.subject)],
    ['subject', toHex(cross.subject), toHex(drafted.subject)],
    ['validFrom', String(cross.notBefore), String(drafted.notBefore)],
    // the old CA may have been renewed with the same key since: what was approved is signed anyway
    ['end beyond a CA', String(cross.notAfter > endOf(ca, drafted)), 'false'],
    ['public key', toHex(cross.publicKey), toHex(drafted.publicKey)],
    [
      'key that OpenSSL reads',
      String(isSameKey(cross.x509.publicKey, drafted.x509.publicKey)),
      'true',
    ],
    [
      'subjectKeyIdentifier',
      toHex(cross.subjectKeyIdentifier),
      toHex(drafted.subjectKeyIdentifier),
    ],
    [
      'extensions',
      cross.extensions.join(),
      [...EXTENSIONS, ...(ownName ? [OID.subjectAltName] : [])].join(),
    ],
    ['names', names ? toHex(names) : 'absent', ownName ? toHex(ownName) : 'absent'],
    ['issued by the old CA', String(cross.x509.checkIssued(ca.certificate)), 'true'],
  ]);
}

/**
 * Has the old CA sign what is recorded. A call that is repeated, raced or interrupted finishes it.
 * @returns PEM
 * @throws Fault document-malformed if the record is not that of these CAs, lint-failed, or signature-invalid
 */
export async function obtainCross(
  service: Service,
  record: CrossRecord,
  signer: CrossSigner,
  drafted: DraftedCa,
): Promise<string> {
  const { ca } = signer;
  const key = crossRecordKey(record);
  if (record.from !== ca.version || record.keyId !== ca.keyId)
    throw new Fault('document-malformed', `${key}: not signed by version ${ca.version}`);
  const tbs = Buffer.from(record.tbs, 'base64');
  lintDraftedCross(tbs, signer, drafted);
  const { publicKey } = ca.certificate;
  const pem = await storeOnce(service, crossCertificateKey(record), async () => {
    const signature = await signRecorded(service, record, key, tbs, publicKey);
    return certificateToPem(assembleCertificate(tbs, ca, signature));
  });
  if (!new X509Certificate(pem).verify(publicKey))
    throw new Fault(
      'signature-invalid',
      `${crossCertificateKey(record)}: version ${ca.version} has not signed it`,
    );
  return pem;
}
