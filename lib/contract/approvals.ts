/**
 * Approvals, as objects in the authority bucket that only approvers can write. The key of a request's approval contains
 * the digest of the CSR, so the approval cannot be moved to another CSR.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';
import { AUTHORITY_PREFIXES, EXCHANGE_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

export const requestApprovalSchema = widenable({
  /** Key of the request. */
  request: z.string(),
  csrSha256: z.string(),
  /** As pending.json showed them: if the cluster record changes later, the approval is for something else. */
  trustDomain: z.string(),
  validitySeconds: z.number(),
  decision: z.enum(['approve', 'deny']),
  reason: z.optional(z.string()),
  /** The approver's own claim; the S3 event and CloudTrail name the principal. */
  approver: z.optional(z.string()),
  decidedAt: z.string(),
});

export const standingApprovalSchema = widenable({
  cluster: z.string(),
  /** The cluster's trust domain when the approval was given; the approval covers no other. */
  trustDomain: z.string(),
  certificateNames: z.array(z.enum(CERTIFICATE_NAMES)),
  approver: z.optional(z.string()),
  decidedAt: z.string(),
});

export type RequestApproval = z.infer<typeof requestApprovalSchema>;
export type StandingApproval = z.infer<typeof standingApprovalSchema>;

/** `approvals/requests/<cluster>/<node>/<request id>/<path>.csr.<SHA-256 of the CSR>.json` */
export function requestApprovalKey(requestKey: string, csrSha256: string): string {
  const below = requestKey.slice(EXCHANGE_PREFIXES.requests.length);
  return `${AUTHORITY_PREFIXES.requestApprovals}${below}.${csrSha256}.json`;
}

export function standingApprovalKey(cluster: string): string {
  return `${AUTHORITY_PREFIXES.standingApprovals}${cluster}.json`;
}

/** The request that an approval is for; undefined for any other key. */
export function requestKeyOfApproval(key: string): string | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.requestApprovals)) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.requestApprovals.length);
  const request = /^(.+)\.[0-9a-f]{64}\.json$/.exec(below)?.[1];
  return request && `${EXCHANGE_PREFIXES.requests}${request}`;
}

/** The cluster that a standing approval is for; undefined for any other key. */
export function clusterOfStandingApproval(key: string): string | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.standingApprovals)) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.standingApprovals.length);
  const cluster = /^(.+)\.json$/.exec(below)?.[1];
  return cluster !== undefined && isSubdomain(cluster) ? cluster : undefined;
}
