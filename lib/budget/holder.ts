/**
 * Whose budget a CSR of the certificates API counts in, if a forwarder uploaded it for others: its key names no node.
 * Loaded when the first of them is read.
 */
import { signerOfPath } from '../certificates-api/signers.ts';
import { findNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { budgetHolderKey, budgetHolderSchema } from '../contract/budget-holder.ts';
import type { RequestParts } from '../contract/request-key.ts';
import { CSR, USERS } from '../contract/request-kinds.ts';
import { readApiRequest } from '../csr/read-api-request.ts';
import { Fault } from '../fault.ts';
import { nodeOfUser } from '../names.ts';
import { USER_NAME } from '../profiles/certificate-names.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import type { BucketObject } from '../store/object-store.ts';
import type { ExpectedClaim } from './claim.ts';
import type { BudgetBucket } from './compare-and-set.ts';

/**
 * The holder is looked up while the request is being judged, so that its counters are read in time.
 * @param day of the upload
 * @param record undefined if it does not exist, or cannot be read
 */
export async function findBudgetHolder(
  bucket: BudgetBucket,
  expected: Pick<ExpectedClaim, 'countsFor'>,
  address: RequestParts,
  day: string,
  object: Pick<BucketObject, 'body'>,
  record: ClusterRecord | undefined,
): Promise<string> {
  const { holder, isFinal } = budgetHolderOf(address, object, record);
  expected.countsFor(holder);
  if (isFinal) return holder;
  return keepBudgetHolder(bucket, address, day, holder);
}

/**
 * A worker that the record knows counts for itself, and users count together. All other names share one counter, which
 * draws nothing from the cluster's budget: a bootstrap token can invent any number of them, and name any control plane.
 * @returns `isFinal`: whether every run finds the same, whatever the record says
 */
export function budgetHolderOf(
  { path }: Pick<RequestParts, 'path'>,
  { body }: Pick<BucketObject, 'body'>,
  record: ClusterRecord | undefined,
): { readonly holder: string; readonly isFinal: boolean } {
  if (signerOfPath(path)?.certificateName === USER_NAME) return { holder: USERS, isFinal: true };
  const { commonName = '' } = readApiRequest(body).csr.seen.subject ?? {};
  const name = nodeOfUser(commonName);
  const node = record && name ? findNode(record, name) : undefined;
  return { holder: node?.role === 'worker' ? node.name : CSR, isFinal: false };
}

/**
 * The holder that the first run found: the record may change between two runs, and a request that one counter refused
 * must not be counted by another.
 */
export async function keepBudgetHolder(
  bucket: BudgetBucket,
  address: RequestParts,
  day: string,
  holder: string,
): Promise<string> {
  const key = budgetHolderKey(address, day);
  const created = await bucket.create(key, formatDocument({ holder }), JSON_TYPE);
  if (created === 'created') return holder;
  const kept = await readDocument(bucket, key, budgetHolderSchema);
  if (kept) return kept.holder;
  throw new Fault('unavailable', `${key}: exists, and cannot be read`);
}
