/** What the record of a renewed CA certificate says is to be signed. It is loaded with the first of them. */
import { isSoundRenewalRecord, readRenewalRecord } from '../ca/renewal-record.ts';
import {
  caRenewalCertificateKey,
  caRenewalSignatureKey,
  parseCaRenewalRecordKey,
} from '../contract/ca-renewal-record.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { SigningOrder } from './signing-order.ts';
import { writtenAt } from './written-at.ts';

/** @returns undefined if it is not the key of such a record */
export async function findRenewalOrder(
  authority: ObjectStore,
  key: string,
): Promise<SigningOrder | string | undefined> {
  const named = parseCaRenewalRecordKey(key);
  if (!named) return undefined;
  const record = await readRenewalRecord({ authority }, named);
  if (!record) return `${key}: the record does not exist`;
  if (!isSoundRenewalRecord(record, named))
    return `${key}: is not the record of a certificate that is renewed with the same key`;
  // a proof is signed before the certificate that it names is stored, and the call may have been killed between them
  const signed =
    record.origin === 'subordinate' ? caRenewalSignatureKey(named) : caRenewalCertificateKey(named);
  const storedAt = await writtenAt(authority, signed);
  return { by: 'createCa', keyId: record.keyId, storedAt };
}
