/** What a record says is to be signed, as far as an audit needs it. */
import { isSoundCsrRecord, readCsrRecord } from '../ca/csr-record.ts';
import { caCsrKey, parseCaCsrRecordKey } from '../contract/ca-csr-record.ts';
import {
  caCertificateKey,
  caRecordKey,
  caRecordSchema,
  parseCaRecordKey,
} from '../contract/ca-record.ts';
import {
  decisionRecordSchema,
  issuedKey,
  recordKey,
  requestKeyOfRecord,
} from '../contract/decision-record.ts';
import { parseRequestKey } from '../contract/request-key.ts';
import { Fault } from '../fault.ts';
import { checkRecord, type RecordCheckDeps } from '../issuance/check-record.ts';
import { storedGrounds } from '../issuance/grounds.ts';
import { LIMITS } from '../limits.ts';
import { readDocument } from '../store/documents.ts';
import type { ObjectReader, ObjectStore } from '../store/object-store.ts';

export interface SigningOrder {
  /** Which function has to sign: `sign` signs leaf certificates, `create-ca` for certificates of CAs. */
  readonly by: 'sign' | 'createCa';
  /** Key ARN. */
  readonly keyId: string;
  /** When the signed certificate or CSR was stored; undefined if it does not exist. */
  readonly storedAt: Date | undefined;
}

/** Where the ledger is, and what a record is checked against. */
export interface Ledger extends RecordCheckDeps {
  readonly authority: ObjectStore;
  readonly exchange: ObjectReader;
}

/** The signing order of a record in the authority bucket, or a text that says why the key has no signing order. */
export async function findSigningOrder(
  ledger: Ledger,
  key: string,
): Promise<SigningOrder | string> {
  try {
    return (
      (await findLeafOrder(ledger, key)) ??
      (await findCsrOrder(ledger.authority, key)) ??
      (await findCaOrder(ledger.authority, key))
    );
  } catch (error) {
    if (error instanceof Fault && error.code === 'document-malformed') return error.message;
    throw error;
  }
}

async function findLeafOrder(
  ledger: Ledger,
  key: string,
): Promise<SigningOrder | string | undefined> {
  const { authority, exchange } = ledger;
  const requestKey = requestKeyOfRecord(key);
  const address = requestKey === undefined ? undefined : parseRequestKey(requestKey);
  if (!address) return undefined;
  const record = await readDocument(authority, key, decisionRecordSchema);
  if (!record) return `${key}: the record does not exist`;
  if (recordKey(record.request) !== key)
    return `${key}: is the record of request ${record.request}`;
  if (record.decision !== 'issue') return `${key}: is the record of a rejection`;
  const csr = await exchange.get(address.key, LIMITS.maxObjectBytes);
  const check = await checkRecord(ledger, address, record, csr, storedGrounds(authority));
  if (!check.fits) return `${key}: does not fit its request: ${check.misfits.join('; ')}`;
  const storedAt = await writtenAt(authority, issuedKey(address.key));
  return { by: 'sign', keyId: record.keyId, storedAt };
}

async function findCaOrder(authority: ObjectStore, key: string): Promise<SigningOrder | string> {
  const named = parseCaRecordKey(key);
  if (!named) return `${key}: is not the key of a record`;
  const record = await readDocument(authority, key, caRecordSchema);
  if (!record) return `${key}: the record does not exist`;
  const { trustDomain, ca, version } = record;
  if (caRecordKey(record) !== key)
    return `${key}: is the record of version ${version} of ${ca} of ${trustDomain}`;
  const storedAt = await writtenAt(authority, caCertificateKey(named));
  return { by: 'createCa', keyId: record.keyId, storedAt };
}

async function findCsrOrder(
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

async function writtenAt(authority: ObjectStore, key: string): Promise<Date | undefined> {
  // in a listing of its key as a prefix, the object itself comes first
  for await (const object of authority.list(key))
    return object.key === key ? object.lastModified : undefined;
  return undefined;
}
