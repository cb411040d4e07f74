/** The records of CA certificates that are renewed with the same key. */
import { X509Certificate } from 'node:crypto';
import { bufferOf } from '../bytes.ts';
import {
  type CaRenewalName,
  type CaRenewalRecord,
  caRenewalRecordKey,
  caRenewalRecordSchema,
} from '../contract/ca-renewal-record.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import { isRenewalOf } from './draft-renewal.ts';

export const readRenewalRecord = (
  { authority }: Pick<Service, 'authority'>,
  name: CaRenewalName,
): Promise<CaRenewalRecord | undefined> =>
  readDocument(authority, caRenewalRecordKey(name), caRenewalRecordSchema);

/** Whether a record, under its key, renews a certificate of the key that it names: nothing else is signed. */
export function isSoundRenewalRecord(record: CaRenewalRecord, name: CaRenewalName): boolean {
  const { ca, keySpec } = record;
  const renews = Buffer.from(record.renews, 'base64');
  return (
    caRenewalRecordKey(record) === caRenewalRecordKey(name) &&
    isRenewalOf(Buffer.from(record.tbs, 'base64'), { ca, keySpec, renews }) &&
    publicKeyOf(renews).equals(Buffer.from(record.publicKey, 'base64'))
  );
}

/** SubjectPublicKeyInfo, DER. */
export const publicKeyOf = (certificate: Uint8Array): Buffer =>
  bufferOf(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }));
