/**
 * Approvals, as objects in the authority bucket that only approvers can write:
 *   approvals/requests/<cluster>/<node>/<request id>/<path>.csr.<sha-256 of the CSR>.json   one request
 *   approvals/standing/<cluster>.json                                                       names of a cluster, until withdrawn
 * The first stands in its key with the digest of the CSR, so it can't be moved to another one.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CERTIFICATE_NAMES, type IssuedName, USER_NAME } from '../profiles/certificate-names.ts';
import { isListed } from './principals.ts';

export const requestApprovalSchema = z.strictObject({
  /** Key of the request. */
  request: z.string(),
  csrSha256: z.string(),
  /** As pending.json showed them: a record that is changed afterwards is not what was approved. */
  trustDomain: z.string(),
  validitySeconds: z.number(),
  decision: z.enum(['approve', 'deny']),
  reason: z.optional(z.string()),
  /** Who says so, by their own account; the S3 event and CloudTrail say it again. */
  approver: z.optional(z.string()),
  decidedAt: z.string(),
});

export const standingApprovalSchema = z.strictObject({
  cluster: z.string(),
  /** The trust domain that the cluster had when it was given; for another one it says nothing. */
  trustDomain: z.string(),
  certificateNames: z.array(z.enum(CERTIFICATE_NAMES)),
  approver: z.optional(z.string()),
  decidedAt: z.string(),
});

export type RequestApproval = z.infer<typeof requestApprovalSchema>;
export type StandingApproval = z.infer<typeof standingApprovalSchema>;

/**
 * Names that a standing approval may cover. super-admin.conf is asked for by every `generate-csr`, workers included,
 * and is needed once: it waits for an approver each time. Each user is somebody else.
 */
export function mayStand(name: IssuedName): boolean {
  return name !== 'super-admin.conf' && name !== USER_NAME;
}

export function requestApprovalKey(requestKey: string, csrSha256: string): string {
  return `approvals/${requestKey}.${csrSha256}.json`;
}

export function standingApprovalKey(cluster: string): string {
  return `approvals/standing/${cluster}.json`;
}

/** The request that an approval object is about; undefined for any other key. */
export function requestKeyOfApproval(key: string): string | undefined {
  return /^approvals\/(requests\/.+)\.[0-9a-f]{64}\.json$/.exec(key)?.[1];
}

/** The cluster that a standing approval is for; undefined for any other key. */
export function clusterOfStandingApproval(key: string): string | undefined {
  const cluster = /^approvals\/standing\/(.+)\.json$/.exec(key)?.[1];
  return cluster !== undefined && isSubdomain(cluster) ? cluster : undefined;
}

/** What an approver says yes or no to. */
export interface PlanToApprove {
  readonly request: string;
  readonly cluster: string;
  readonly certificateName: IssuedName;
  readonly csrSha256: string;
  readonly trustDomain: string;
  readonly validitySeconds: number;
  /** Principals whose approval counts; undefined: everybody's who can write one. */
  readonly approvers?: readonly string[];
}

export type ApprovalState =
  | { readonly state: 'approved'; readonly kind: 'request' | 'standing'; readonly by: string }
  | { readonly state: 'denied'; readonly reason: string }
  /** `uncounted`: who wrote the approval that is there, but does not count. */
  | { readonly state: 'waiting'; readonly uncounted?: string };

/**
 * What the approvals say of a plan that needs one. An approval counts if all that it names fits; a denial of the
 * request itself goes before a standing approval.
 * @param writtenBy the principal that wrote the approval of the request, as its S3 event says; undefined if no event does
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
    return { state: 'waiting', uncounted: writtenBy ?? 'nobody knows whom (its event was lost)' };
  if (ofRequest)
    return {
      state: 'approved',
      kind: 'request',
      by: `request approval by ${ofRequest.approver ?? 'an approver'}`,
    };
  if (standing && fitsCluster(standing, plan) && mayStand(plan.certificateName))
    return {
      state: 'approved',
      kind: 'standing',
      by: `standing approval by ${standing.approver ?? 'an approver'}`,
    };
  return { state: 'waiting' };
}

/** A denial needs the request and its bytes only: it is never wrong to say no. */
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
