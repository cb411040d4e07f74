/**
 * Approvals, as objects in the authority bucket that only approvers can write:
 *   approvals/requests/<cluster>/<node>/<request id>/<path>.csr.<sha-256 of the CSR>.json   one request
 *   approvals/standing/<cluster>.json                                                       names of a cluster, until withdrawn
 * The first stands in its key with the digest of the CSR, so it can't be moved to another one.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CERTIFICATE_NAMES, type CertificateName } from '../profiles/certificate-names.ts';

export const requestApprovalSchema = z.strictObject({
  /** Key of the request. */
  request: z.string(),
  csrSha256: z.string(),
  decision: z.enum(['approve', 'deny']),
  reason: z.optional(z.string()),
  /** Who says so, by their own account; the S3 event and CloudTrail say it again. */
  approver: z.optional(z.string()),
  decidedAt: z.string(),
});

export const standingApprovalSchema = z.strictObject({
  cluster: z.string(),
  certificateNames: z.array(z.enum(CERTIFICATE_NAMES)),
  approver: z.optional(z.string()),
  decidedAt: z.string(),
});

export type RequestApproval = z.infer<typeof requestApprovalSchema>;
export type StandingApproval = z.infer<typeof standingApprovalSchema>;

/**
 * Names that a standing approval may cover. super-admin.conf is asked for by every `generate-csr`, workers included,
 * and is needed once: it waits for an approver each time.
 */
export function mayStand(name: CertificateName): boolean {
  return name !== 'super-admin.conf';
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

export type ApprovalState =
  | { readonly state: 'approved'; readonly by: string }
  | { readonly state: 'denied'; readonly reason: string }
  | { readonly state: 'waiting' };

/** What the approvals say of a plan that needs one. A denial of the request itself goes before a standing approval. */
export function weighApprovals(
  certificateName: CertificateName,
  request: RequestApproval | undefined,
  standing: StandingApproval | undefined,
): ApprovalState {
  if (request?.decision === 'deny')
    return { state: 'denied', reason: request.reason ?? 'no reason given' };
  if (request)
    return { state: 'approved', by: `request approval by ${request.approver ?? 'an approver'}` };
  if (standing?.certificateNames.includes(certificateName) && mayStand(certificateName))
    return { state: 'approved', by: `standing approval by ${standing.approver ?? 'an approver'}` };
  return { state: 'waiting' };
}
