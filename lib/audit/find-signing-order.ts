/** What a record orders to be signed, as far as an audit needs it. */
import { caRecordSchema, parseCaRecordKey } from '../ca/ca-record.ts';
import { parseRequestKey } from '../contract/request-key.ts';
import { Fault } from '../fault.ts';
import {
  decisionRecordSchema,
  issuedKey,
  recordKey,
  requestKeyOfRecord,
} from '../issuance/record.ts';
import { readDocument } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface SigningOrder {
  /** Whose part it is: leaves are signed by `sign`, CAs by `create-ca`. */
  readonly by: 'sign' | 'createCa';
  /** Key ARN. */
  readonly keyId: string;
  /** When the certificate was kept; undefined if it is not there. */
  readonly keptAt: Date | undefined;
}

/** The order that lies at a key of the authority bucket; a text says why there is none. */
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
  if (!record) return `${key}: there is no such record`;
  if (recordKey(record.request) !== key) return `${key}: is the record of ${record.request}`;
  if (record.decision !== 'issue') return `${key}: is the record of a refusal`;
  const keptAt = await writtenAt(authority, issuedKey(requestKey));
  return { by: 'sign', keyId: record.keyId, keptAt };
}

async function findCaOrder(authority: ObjectStore, key: string): Promise<SigningOrder | string> {
  const named = parseCaRecordKey(key);
  if (!named) return `${key}: is no key of a record`;
  const record = await readDocument(authority, key, caRecordSchema);
  if (!record) return `${key}: there is no such record`;
  const { trustDomain, ca } = record;
  if (trustDomain !== named.trustDomain || ca !== named.ca)
    return `${key}: is the record of ${ca} of ${trustDomain}`;
  const keptAt = await writtenAt(authority, key.replace(/\.json$/, '.crt'));
  return { by: 'createCa', keyId: record.keyId, keptAt };
}

async function writtenAt(authority: ObjectStore, key: string): Promise<Date | undefined> {
  // an object comes first in the listing of its own key
  for await (const object of authority.list(key))
    return object.key === key ? object.lastModified : undefined;
  return undefined;
}
