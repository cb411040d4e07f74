/**
 * Approvals, as objects in the authority bucket that only approvers can write. Each approver has one object for each plan
 * and one for each cluster: their keys end in the approver's own `aws:userid`, and IAM lets nobody else write them. So
 * the key says who approved, and no event has to.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';
import { AUTHORITY_PREFIXES, EXCHANGE_PREFIXES } from './prefixes.ts';
import { parseRequestKey } from './request-key.ts';
import { widenable } from './widenable.ts';

/** One approver's decision about one plan. */
export const requestApprovalSchema = widenable({
  /** Key of the request. */
  request: z.string(),
  /** What was decided about (lib/policy/plan-digest.ts). */
  planDigest: z.string(),
  decision: z.enum(['approve', 'deny']),
  reason: z.string(),
  decidedAt: z.string(),
});

/** What an approver allows without an approval of each request. It covers nothing that exceeds one of its fields. */
const grantSchema = widenable({
  certificateName: z.enum(CERTIFICATE_NAMES),
  trustDomain: z.string(),
  /** The most that the certificate may have. */
  organizations: z.array(z.string()),
  maxValiditySeconds: z.number(),
  reason: z.optional(z.string()),
  decidedAt: z.string(),
});

/** Until its author removes it, no approver's grant for this certificate name counts. */
const grantDenialSchema = widenable({
  certificateName: z.enum(CERTIFICATE_NAMES),
  reason: z.optional(z.string()),
  decidedAt: z.string(),
});

/** One approver's standing approvals for one cluster. */
export const standingApprovalSchema = widenable({
  cluster: z.string(),
  grants: z.array(grantSchema),
  denials: z.array(grantDenialSchema),
});

export type RequestApproval = z.infer<typeof requestApprovalSchema>;
export type StandingApproval = z.infer<typeof standingApprovalSchema>;
export type StandingGrant = z.infer<typeof grantSchema>;

/** The prefix of all decisions about a request, including those about earlier plans. */
export function requestApprovalsPrefix(requestKey: string): string {
  return `${AUTHORITY_PREFIXES.requestApprovals}${requestKey.slice(EXCHANGE_PREFIXES.requests.length)}/`;
}

/** `approvals/requests/<cluster>/<node>/<request id>/<path>.csr/<plan digest>/<aws:userid>.json` */
export function requestApprovalKey(
  requestKey: string,
  planDigest: string,
  approver: string,
): string {
  return `${requestApprovalsPrefix(requestKey)}${planDigest}/${approver}.json`;
}

/** `approvals/standing/<cluster>/`: one object for each approver. */
export function standingApprovalsPrefix(cluster: string): string {
  return `${AUTHORITY_PREFIXES.standingApprovals}${cluster}/`;
}

/** `approvals/standing/<cluster>/<aws:userid>.json` */
export function standingApprovalKey(cluster: string, approver: string): string {
  return `${standingApprovalsPrefix(cluster)}${approver}.json`;
}

/**
 * `aws:userid` of a user (`AIDAEXAMPLE`), or of a session of a role (`AROAEXAMPLE:alice@example.com`).
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
 */
const USERID = /^[A-Za-z0-9_-]{1,128}(?::[A-Za-z0-9_+=,.@-]{1,64})?$/;

export function isUserid(text: string): boolean {
  return USERID.test(text);
}

export interface RequestApprovalName {
  /** Key of the request. */
  readonly request: string;
  readonly planDigest: string;
  /** `aws:userid` of the approver. */
  readonly approver: string;
}

/** What the key of an approval of a request says; undefined for any other key. */
export function parseRequestApprovalKey(key: string): RequestApprovalName | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.requestApprovals)) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.requestApprovals.length);
  const match = /^(.+)\/([0-9a-f]{64})\/([^/]+)\.json$/.exec(below);
  const [, path = '', planDigest = '', approver = ''] = match ?? [];
  const request = `${EXCHANGE_PREFIXES.requests}${path}`;
  if (!match || !isUserid(approver) || !parseRequestKey(request)) return undefined;
  return { request, planDigest, approver };
}

/** The request that an approval is for; undefined for any other key. */
export function requestKeyOfApproval(key: string): string | undefined {
  return parseRequestApprovalKey(key)?.request;
}

export interface StandingApprovalName {
  readonly cluster: string;
  /** `aws:userid` of the approver. */
  readonly approver: string;
}

/** What the key of a standing approval says; undefined for any other key. */
export function parseStandingApprovalKey(key: string): StandingApprovalName | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.standingApprovals)) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.standingApprovals.length);
  const [, cluster = '', approver = ''] = /^([^/]+)\/([^/]+)\.json$/.exec(below) ?? [];
  return isSubdomain(cluster) && isUserid(approver) ? { cluster, approver } : undefined;
}

/** The cluster that a standing approval is for; undefined for any other key. */
export function clusterOfStandingApproval(key: string): string | undefined {
  return parseStandingApprovalKey(key)?.cluster;
}
