/** Which approvals a request has, and whether one more would count. */
import { readApprovals } from '../../lib/issuance/read-approvals.ts';
import {
  type ApprovalState,
  approversNeeded,
  type GivenApprovals,
  type PlanToApprove,
  weighApprovals,
} from '../../lib/policy/approval.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import type { Examined } from './examine.ts';
import { requestAgain } from './request-again.ts';

export interface Weighed {
  readonly given: GivenApprovals;
  readonly state: ApprovalState;
  /** How many approvals have to count. */
  readonly required: number;
}

/** @throws CommandError if there are too many objects to read */
export async function weigh(
  authority: Pick<ObjectStore, 'get' | 'list'>,
  { address, pending }: Examined,
  plan: PlanToApprove,
): Promise<Weighed> {
  const given = await readApprovals(authority, plan);
  if (!given)
    throw new CommandError(
      'failure',
      `${address.key}: there are more approvals of this request than are read`,
      requestAgain(address),
    );
  const required = requiredOf(plan, pending);
  const state = weighApprovals({ ...plan, required }, given, pending.uploader);
  return { given, state, required: approversNeeded(required, pending.uploader) };
}

/**
 * The state if `approver` approved as well. It is computed as if more approvals were always needed, so that it says
 * which ones count, and why the others do not, even if there are enough already.
 */
export function withApprovalBy(
  approver: string,
  plan: PlanToApprove,
  { ofRequest, standing }: GivenApprovals,
  pending: Examined['pending'],
): ApprovalState {
  const { digest, terms } = plan;
  const others = ofRequest.filter((one) => one.approver !== approver || one.planDigest !== digest);
  const document = {
    request: terms.request,
    planDigest: digest,
    decision: 'approve' as const,
    reason: '',
    decidedAt: '',
  };
  const mine = { approver, planDigest: digest, document };
  const all = { ofRequest: [...others, mine], standing };
  return weighApprovals({ ...plan, required: Number.POSITIVE_INFINITY }, all, pending.uploader);
}

/**
 * What has to approve, by the record that this client has read and by what the service has published: it alone knows the
 * rules of the trust domain. What is published includes the one more that an unknown uploader costs.
 */
function requiredOf({ required }: PlanToApprove, pending: Examined['pending']): number {
  const { requiredApprovals, uploader } = pending;
  const extra = uploader === undefined && requiredApprovals > 1 ? 1 : 0;
  return Math.max(required, requiredApprovals - extra);
}
