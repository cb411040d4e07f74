/** What a record says is to be signed, as far as an audit needs it. */
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
import { readDocument } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface SigningOrder {
  /** Which function has to sign: `sign` signs leaf certificates, `create-ca` signs CA certificates. */
  readonly by: 'sign' | 'createCa';
  /** Key ARN. */
  readonly keyId: string;
  /** When the signed certificate was stored; undefined if it does not exist. */
  readonly storedAt: Date | undefined;
}

/** The signing order of a record in the authority bucket, or a text that says why the key has no signing order. */
export async function findSigningOrder(
  authority: ObjectStore,
  key: string,
): Promise<SigningOrder | string> {
  try {
    return (await findLeafOrder(authority, key)) ?? (await findCaOrder(authority, key));
  } catch (error) {
    if (error instanceof Fault && error.code === 'document-malformed') return error.message;
    throw error;
  }
}

async function findLeafOrder(
  authority: ObjectStore,
  key: string,
): Promise<SigningOrder | string | undefined> {
  const requestKey = requestKeyOfRecord(key);
  if (requestKey === undefined || !parseRequestKey(requestKey)) return undefined;
  const record = await readDocument(authority, key, decisionRecordSchema);
  if (!record) return `${key}: the record does not exist`;
  if (recordKey(record.request) !== key)
    return `${key}: is the record of request ${record.request}`;
  if (record.decision !== 'issue') return `${key}: is the record of a rejection`;
  const storedAt = await writtenAt(authority, issuedKey(requestKey));
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

async function writtenAt(authority: ObjectStore, key: string): Promise<Date | undefined> {
  // in a listing of its key as a prefix, the object itself comes first
  for await (const object of authority.list(key))
    return object.key === key ? object.lastModified : undefined;
  return undefined;
}
