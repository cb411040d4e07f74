/** An approver's decision about one pending request. */
import {
  type RequestApproval,
  requestApprovalKey,
  requestApprovalSchema,
} from '../../lib/contract/approvals.ts';
import type { RequestAddress } from '../../lib/contract/request-key.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { openBoth } from '../buckets.ts';
import { CommandError } from '../errors.ts';
import { type ApprovablePlan, type Examined, examine } from './examine.ts';
import { requirePending } from './find-pending.ts';
import { requestAddress } from './request-address.ts';
import { requestAgain } from './request-again.ts';
import { type Weighed, weigh, withApprovalBy } from './weigh.ts';

export interface DecisionDeps {
  exchange(): Promise<ObjectStore>;
  authority(): Promise<ObjectStore>;
  /** The approver's own `aws:userid`: IAM allows writes only of keys that end with it. */
  userId(): Promise<string>;
  now(): Date;
}

/** A request that can be approved, as it is shown to the approver. */
export interface Review extends Weighed {
  readonly examined: Examined;
  readonly plan: ApprovablePlan;
}

export interface Decided {
  readonly address: RequestAddress;
  readonly certificateName: string;
  readonly approver: string;
}

export interface Approved extends Decided {
  /** How many approvals count, with this one. */
  readonly count: number;
  readonly required: number;
}

/**
 * Approves what `confirm` accepts, and nothing else. Approving the same plan again changes nothing.
 * @param request its key, with or without the `requests/` prefix
 * @param confirm returns the reason, or throws if the approver does not approve this plan. It may take as long as a
 * person does
 * @throws CommandError if the request is not pending, its plan changed, or the approval would not count
 */
export async function approve(
  deps: DecisionDeps,
  request: string,
  confirm: (review: Review) => Promise<string>,
): Promise<Approved> {
  const address = requestAddress(request);
  const [approver, review] = await Promise.all([deps.userId(), reviewRequest(deps, address)]);
  const { plan } = review;
  requireCounts(address, review, approver);
  const reason = await confirm(review);
  const again = await reviewRequest(deps, address);
  if (again.plan.digest !== plan.digest)
    throw changed(address, ['it changed while it was being reviewed']);
  const { by } = requireCounts(address, again, approver);
  await record(deps, address, { digest: plan.digest, decision: 'approve', reason, approver });
  const { certificateName } = plan.terms;
  return { address, certificateName, approver, count: by.length, required: again.required };
}

/** @throws CommandError if the request is not pending, or cannot be approved as it is */
export async function reviewRequest(deps: DecisionDeps, address: RequestAddress): Promise<Review> {
  const buckets = await openBoth(deps);
  const pending = await requirePending(buckets.exchange, address);
  const examined = await examine(buckets, address, pending, deps.now());
  const { plan, problems } = examined;
  if (!plan || problems.length > 0) throw changed(address, problems);
  return { examined, plan, ...(await weigh(buckets.authority, examined, plan.toApprove)) };
}

function changed({ key }: RequestAddress, problems: readonly string[]): CommandError {
  return new CommandError(
    'conflict',
    `${key}: not approved: ${problems.join('; ')}`,
    `the service judges the request again within minutes; then review it with cakeless request show ${key}`,
  );
}

/**
 * The state with this approval.
 * @throws CommandError if it would not count
 */
function requireCounts(address: RequestAddress, { examined, plan, given }: Review, by: string) {
  const { toApprove } = plan;
  const state = withApprovalBy(by, toApprove, given, examined.pending);
  if (state.state === 'denied')
    throw new CommandError(
      'usage',
      `${address.key}: already denied by ${state.by}: ${state.reason}`,
      `a denial is final: ${requestAgain(address)}`,
    );
  if (state.by.some(({ approver }) => approver === by)) return state;
  const reason =
    state.state === 'waiting' && state.uncounted.find(({ approver }) => approver === by)?.reason;
  throw new CommandError(
    'denied',
    `${address.key}: not approved: an approval by ${by} does not count: ${reason || 'the same person has approved it already'}`,
    'another approver has to approve it',
  );
}

/**
 * Denies a request, whatever its plan is: a denial needs no review.
 * @throws CommandError if the request is not pending, or was approved by the same approver
 */
export async function deny(deps: DecisionDeps, request: string, reason: string): Promise<Decided> {
  const address = requestAddress(request);
  const [approver, { planDigest, certificateName }] = await Promise.all([
    deps.userId(),
    deps.exchange().then((exchange) => requirePending(exchange, address)),
  ]);
  await record(deps, address, { digest: planDigest, decision: 'deny', reason, approver });
  return { address, certificateName, approver };
}

interface Recorded {
  readonly digest: string;
  readonly decision: RequestApproval['decision'];
  readonly reason: string;
  readonly approver: string;
}

/** @throws CommandError if the same approver decided differently */
async function record(
  deps: DecisionDeps,
  address: RequestAddress,
  { digest: planDigest, decision, reason, approver }: Recorded,
): Promise<void> {
  const { key: request } = address;
  const decidedAt = deps.now().toISOString();
  const document: RequestApproval = { request, planDigest, decision, reason, decidedAt };
  const authority = await deps.authority();
  const key = requestApprovalKey(request, planDigest, approver);
  if ((await authority.create(key, formatDocument(document), JSON_TYPE)) === 'created') return;
  const existing = await readDocument(authority, key, requestApprovalSchema);
  if (existing?.decision === decision) return;
  throw new CommandError(
    'usage',
    `${request}: ${approver} already decided: ${existing?.decision}`,
    `a decision is final: another approver can deny it, or ${requestAgain(address)}`,
  );
}
