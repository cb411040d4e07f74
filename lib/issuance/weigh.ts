/** Whether a plan has the approvals that it needs, and what it waits for. Most requests need none. */
import {
  type ApprovalState,
  type GivenApprovals,
  type PlanToApprove,
  weighApprovals,
} from '../policy/approval.ts';
import type { Grounds } from './grounds.ts';

type WaitingState = Extract<ApprovalState, { state: 'waiting' }>;
export type Waiting = Omit<WaitingState, 'state'>;

type Weighed =
  | Exclude<ApprovalState, { state: 'waiting' }>
  | (WaitingState & { readonly waitingFor: string });

interface WeighedCase {
  readonly grounds: Pick<Grounds, 'approvals'>;
  readonly uploader: string | undefined;
  /** The uploader is unknown, but the upload event may still arrive. */
  readonly uploaderMayBeNamed: boolean;
}

export async function weigh(
  plan: PlanToApprove,
  { grounds, uploader, uploaderMayBeNamed }: WeighedCase,
): Promise<Weighed> {
  const given = await grounds.approvals(plan);
  const none = { state: 'waiting', required: plan.required, by: [], uncounted: [] } as const;
  if (!given)
    return {
      ...none,
      waitingFor: 'a new request: this one has more approval objects than are read',
    };
  const state = weighApprovals(plan, given, uploader);
  if (state.state === 'approved' && uploaderMayBeNamed)
    return {
      ...none,
      by: state.by,
      waitingFor:
        'the upload event, which names the uploader: approvals count when it has arrived, or after 15 minutes',
    };
  return state.state === 'waiting'
    ? { ...state, waitingFor: describeWaiting(plan, state, uploader) + describeStanding(given) }
    : state;
}

const describeStanding = ({ standing }: GivenApprovals) =>
  standing
    ? ''
    : '; no standing approval counts: there are more objects with standing approvals of this cluster than are read';

function describeWaiting(
  { reason }: PlanToApprove,
  { required, by, uncounted }: Waiting,
  uploader: string | undefined,
): string {
  const who = required === 1 ? 'an approver' : `${required} approvers`;
  const so = by.length === 0 ? '' : `; approved by ${by.map((one) => one.approver).join(', ')}`;
  const unknown =
    uploader === undefined && required > 1
      ? '; one more than usual, because the upload event was lost and one of them may be the uploader'
      : '';
  const but = uncounted.map(
    (one) => `; the approval by ${one.approver} does not count: ${one.reason}`,
  );
  return `${who}: ${reason}${unknown}${so}${but.join('')}`;
}
