/** Finds what a record says is to be signed. */
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
import type { SigningOrder } from './signing-order.ts';
import { writtenAt } from './written-at.ts';

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
      (await findCaOrder(ledger.authority, key)) ??
      (await (await loadCsrOrder()).findCsrOrder(ledger.authority, key)) ??
      (await (await loadRenewalOrder()).findRenewalOrder(ledger.authority, key)) ??
      (await (await loadCrossOrder()).findCrossOrder(ledger.authority, key)) ??
      `${key}: is not the key of a record`
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
  return { by: 'sign', keyId: record.keyId, storedAt, endedAt: check.ca.endedAt };
}

/** Most deployments have no subordinate CA. */
const loadCsrOrder = () => import('./find-csr-order.ts');
/** A CA is renewed once in years. */
const loadRenewalOrder = () => import('./find-renewal-order.ts');
/** Rotations are rare. */
const loadCrossOrder = () => import('./find-cross-order.ts');

async function findCaOrder(
  authority: ObjectStore,
  key: string,
): Promise<SigningOrder | string | undefined> {
  const named = parseCaRecordKey(key);
  if (!named) return undefined;
  const record = await readDocument(authority, key, caRecordSchema);
  if (!record) return `${key}: the record does not exist`;
  const { trustDomain, ca, version } = record;
  if (caRecordKey(record) !== key)
    return `${key}: is the record of version ${version} of ${ca} of ${trustDomain}`;
  const storedAt = await writtenAt(authority, caCertificateKey(named));
  return { by: 'createCa', keyId: record.keyId, storedAt };
}
