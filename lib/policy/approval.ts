/** Which approvals count for a plan that needs one. */
import type { RequestApproval, StandingApproval } from '../contract/approvals.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import { isListed } from './principals.ts';

/** What an approver decides about. */
export interface PlanToApprove {
  readonly request: string;
  readonly cluster: string;
  readonly certificateName: IssuedName;
  readonly csrSha256: string;
  readonly trustDomain: string;
  readonly validitySeconds: number;
  /** Whether a standing approval may cover it. */
  readonly mayStand: boolean;
  /** Principals whose approval counts. @default everyone who can write approvals */
  readonly approvers?: readonly string[];
}

export type ApprovalState =
  | { readonly state: 'approved'; readonly kind: 'request' | 'standing'; readonly by: string }
  | { readonly state: 'denied'; readonly reason: string }
  /** `uncounted`: the author of an existing approval that does not count. */
  | { readonly state: 'waiting'; readonly uncounted?: string };

/**
 * An approval counts if everything that it names matches the plan; a denial of the request overrides a standing approval.
 * @param writtenBy the principal that wrote the approval of the request, by its S3 event; undefined if no event was seen
 */
export function weighApprovals(
  plan: PlanToApprove,
  request: RequestApproval | undefined,
  standing: StandingApproval | undefined,
  writtenBy?: string,
): ApprovalState {
  const ofRequest = request && fitsRequest(request, plan) ? request : undefined;
  if (ofRequest?.decision === 'deny')
    return { state: 'denied', reason: ofRequest.reason ?? 'no reason given' };
  if (ofRequest && plan.approvers && !isListed(writtenBy, plan.approvers))
    return { state: 'waiting', uncounted: writtenBy ?? 'unknown (its event was lost)' };
  if (ofRequest)
    return {
      state: 'approved',
      kind: 'request',
      by: `request approval by ${ofRequest.approver ?? 'an approver'}`,
    };
  if (standing && fitsCluster(standing, plan) && plan.mayStand)
    return {
      state: 'approved',
      kind: 'standing',
      by: `standing approval by ${standing.approver ?? 'an approver'}`,
    };
  return { state: 'waiting' };
}

/** A denial has to match only the request and its bytes: not issuing is always safe. */
function fitsRequest(approval: RequestApproval, plan: PlanToApprove): boolean {
  const sameRequest = approval.request === plan.request && approval.csrSha256 === plan.csrSha256;
  const samePlan =
    approval.trustDomain === plan.trustDomain && approval.validitySeconds === plan.validitySeconds;
  return sameRequest && (samePlan || approval.decision === 'deny');
}

function fitsCluster(approval: StandingApproval, plan: PlanToApprove): boolean {
  return (
    approval.cluster === plan.cluster &&
    approval.trustDomain === plan.trustDomain &&
    approval.certificateNames.some((name) => name === plan.certificateName)
  );
}
