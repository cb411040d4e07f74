/** The records of CA certificates that are renewed with the same key. */
import { X509Certificate } from 'node:crypto';
import { bufferOf } from '../bytes.ts';
import { readCertificate } from '../certificate/read-certificate.ts';
import {
  type CaRenewalName,
  type CaRenewalRecord,
  caRenewalRecordKey,
  caRenewalRecordSchema,
  type MadeRenewalRecord,
  type SubordinateRenewalRecord,
} from '../contract/ca-renewal-record.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import { isRenewalOf } from './draft-renewal.ts';
import { isProofOf } from './key-proof.ts';

export const readRenewalRecord = (
  { authority }: Pick<Service, 'authority'>,
  name: CaRenewalName,
): Promise<CaRenewalRecord | undefined> =>
  readDocument(authority, caRenewalRecordKey(name), caRenewalRecordSchema);

/**
 * Whether a record, under its key, renews a certificate of the key that it names: with a certificate that this key signs, or
 * with one from outside, of the same key and subject, which a proof names. Nothing else is signed.
 */
export function isSoundRenewalRecord(record: CaRenewalRecord, name: CaRenewalName): boolean {
  try {
    const renews = Buffer.from(record.renews, 'base64');
    return (
      caRenewalRecordKey(record) === caRenewalRecordKey(name) &&
      publicKeyOf(renews).equals(Buffer.from(record.publicKey, 'base64')) &&
      (record.origin === 'subordinate'
        ? isSoundSubordinate(record, name, renews)
        : isSoundMade(record, renews))
    );
  } catch {
    return false; // not a certificate
  }
}

const isSoundMade = ({ ca, keySpec, tbs }: MadeRenewalRecord, renews: Uint8Array): boolean =>
  isRenewalOf(Buffer.from(tbs, 'base64'), { ca, keySpec, renews });

function isSoundSubordinate(
  record: SubordinateRenewalRecord,
  name: CaRenewalName,
  renews: Uint8Array,
): boolean {
  const certificate = Buffer.from(record.certificate, 'base64');
  return (
    isProofOf(Buffer.from(record.proof, 'base64'), name, certificate) &&
    publicKeyOf(certificate).equals(Buffer.from(record.publicKey, 'base64')) &&
    subjectOf(certificate).equals(subjectOf(renews))
  );
}

const subjectOf = (certificate: Uint8Array): Buffer =>
  bufferOf(readCertificate(certificate).subject.raw);

/** SubjectPublicKeyInfo, DER. */
export const publicKeyOf = (certificate: Uint8Array): Buffer =>
  bufferOf(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }));
