/**
 * Whose budget a CSR of the certificates API counts in, if a forwarder uploaded it for others: its key names no node.
 * Loaded when the first of them is read.
 */
import type { CsrObject } from '../certificates-api/csr-object.ts';
import { signerOfPath } from '../certificates-api/signers.ts';
import { findNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { budgetHolderKey, budgetHolderSchema } from '../contract/budget-holder.ts';
import type { RequestParts } from '../contract/request-key.ts';
import { BOOTSTRAP_HOLDER, CSR, CSR_USERS_HOLDER } from '../contract/request-kinds.ts';
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
  const holder = budgetHolderOf(address, object, record);
  expected.countsFor(holder);
  return keepBudgetHolder(bucket, address, day, holder);
}

/**
 * What a worker requests with its own certificate counts for itself. Users count together, and apart from people who upload
 * themselves: anyone who can create and approve CSRs in the cluster, or a forwarder, could otherwise use up what those have.
 * What is requested with a bootstrap token counts for the token: it can name any worker, and any number of names that
 * match a rule. All names that the record does not know share one counter, which draws nothing: a bootstrap token can
 * invent any number of them, and name any control plane.
 */
export function budgetHolderOf(
  { path }: Pick<RequestParts, 'path'>,
  { body }: Pick<BucketObject, 'body'>,
  record: ClusterRecord | undefined,
): string {
  if (signerOfPath(path)?.certificateName === USER_NAME)
    return record?.csrSigning?.kubeAPIServerClient ? CSR_USERS_HOLDER : CSR;
  const { object, csr } = readApiRequest(body);
  const { commonName = '' } = csr.seen.subject ?? {};
  const name = nodeOfUser(commonName);
  const node = record && name ? findNode(record, name) : undefined;
  if (node?.role !== 'worker') return CSR;
  const isItself = object?.spec.username === commonName;
  return isItself ? node.name : bootstrapHolderOf(object);
}

/** Names of tokens: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format */
const TOKEN_USER = /^system:bootstrap:([a-z0-9]{6})$/;

/** All other requesters that are not the node itself share one counter; almost all of them are refused anyway. */
function bootstrapHolderOf(object: CsrObject | undefined): string {
  const [, token = 'others'] = TOKEN_USER.exec(object?.spec.username ?? '') ?? [];
  return `${BOOTSTRAP_HOLDER}${token}`;
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
