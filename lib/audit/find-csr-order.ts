/** What the record of a CSR for a CA says is to be signed. It is loaded with the first of them. */
import { isSoundCsrRecord, readCsrRecord } from '../ca/csr-record.ts';
import { caCsrKey, parseCaCsrRecordKey } from '../contract/ca-csr-record.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { SigningOrder } from './signing-order.ts';
import { writtenAt } from './written-at.ts';

/** @returns undefined if it is not the key of such a record */
export async function findCsrOrder(
  authority: ObjectStore,
  key: string,
): Promise<SigningOrder | string | undefined> {
  const named = parseCaCsrRecordKey(key);
  if (!named) return undefined;
  const record = await readCsrRecord({ authority }, named);
  if (!record) return `${key}: the record does not exist`;
  if (!isSoundCsrRecord(record, named))
    return `${key}: is not the record of the CSR of this name and key`;
  const storedAt = await writtenAt(authority, caCsrKey(named));
  return { by: 'createCa', keyId: record.keyId, storedAt };
}
