/**
 * The history of the rotation of a CA, and what approvers have decided about it. Its state in the document of the trust
 * domain is in `rotation-state.ts`, and what nodes read in `published-rotation.ts`.
 */
import * as z from 'zod/mini';
import { isSubdomain } from '../names.ts';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import { isUserid } from './approvals.ts';
import { AUTHORITY_PREFIXES } from './prefixes.ts';
import { APPROVED_PHASES, PHASES } from './rotation-phases.ts';
import { widenable } from './widenable.ts';

/** Evidence about a subject that may stay missing. */
export const waiverSchema = widenable({
  /** As in `Missing.subject` (lib/rotating/gate-result.ts), such as `prod/node/worker-7`, or `prod/namespace/shop`. */
  subject: z.string().check(z.maxLength(512)),
  reason: z.string().check(z.minLength(1), z.maxLength(512)),
});

export type Waiver = z.infer<typeof waiverSchema>;

/** One change of phase, as an object that nobody can replace. It is written before anything else changes. */
export const rotationStepSchema = widenable({
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  from: z.number(),
  to: z.number(),
  /** The number of the change in the trust domain, from 1: nodes never go back to a lower one. An abandoned draft uses none up. */
  sequence: z.number().check(z.int(), z.positive()),
  before: z.enum(PHASES),
  after: z.enum(PHASES),
  compromised: z.boolean(),
  /** The draft of version `to`, which nobody has signed, was abandoned: from `stable` to `stable`, without a change for nodes. */
  abandoned: z.optional(z.literal(true)),
  /** When it was decided. */
  at: z.string(),
  /** Digest of the plan that approvers approved; absent if the step needs no approval. */
  planDigest: z.optional(z.string()),
  /** `aws:userid` of those who approved. */
  approvedBy: z.array(z.string()),
  /** Missing evidence that was waived. */
  waivers: z.array(waiverSchema),
  /** SHA-256 digest of the evidence as the gate saw it (lib/rotating/evidence/evidence.ts); absent if the step has no gate. */
  evidenceSha256: z.optional(z.string()),
});

export type RotationStep = z.infer<typeof rotationStepSchema>;

export interface RotationName {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly from: number;
  readonly to: number;
}

/** The prefix of the history of all rotations of a CA. */
export const rotationsOfCaPrefix = (trustDomain: string, ca: CaName) =>
  `${AUTHORITY_PREFIXES.rotations}${trustDomain}/${ca}/`;

/** `rotations/<trust domain>/<ca>/<from>-<to>/<sequence, ten digits>.json`: the first one of racing changes wins. */
export const rotationStepKey = ({ trustDomain, ca, from, to }: RotationName, sequence: number) =>
  `${rotationsOfCaPrefix(trustDomain, ca)}${from}-${to}/${String(sequence).padStart(10, '0')}.json`;

/** undefined for any other key. */
export function parseRotationStepKey(
  key: string,
): (RotationName & { readonly sequence: number }) | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.rotations)) return undefined;
  const [, trustDomain = '', name, from, to, sequence] =
    /^([^/]+)\/([^/]+)\/([1-9]\d{0,8})-([1-9]\d{0,8})\/(\d{10})\.json$/.exec(
      key.slice(AUTHORITY_PREFIXES.rotations.length),
    ) ?? [];
  const ca = CA_NAMES.find((known) => known === name);
  return ca && isSubdomain(trustDomain)
    ? { trustDomain, ca, from: Number(from), to: Number(to), sequence: Number(sequence) }
    : undefined;
}

/** One approver's decision about one plan of a rotation (lib/rotating/plan.ts). */
export const rotationApprovalSchema = widenable({
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  phase: z.enum(APPROVED_PHASES),
  planDigest: z.string(),
  decision: z.enum(['approve', 'deny']),
  reason: z.string(),
  decidedAt: z.string(),
});

export type RotationApproval = z.infer<typeof rotationApprovalSchema>;

export const rotationApprovalsPrefix = (trustDomain: string, planDigest: string) =>
  `${AUTHORITY_PREFIXES.rotationApprovals}${trustDomain}/${planDigest}/`;

/** `approvals/rotations/<trust domain>/<plan digest>/<aws:userid>.json` */
export const rotationApprovalKey = (trustDomain: string, planDigest: string, approver: string) =>
  `${rotationApprovalsPrefix(trustDomain, planDigest)}${approver}.json`;

/** undefined for any other key. */
export function parseRotationApprovalKey(
  key: string,
): { trustDomain: string; planDigest: string; approver: string } | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.rotationApprovals)) return undefined;
  const [, trustDomain = '', planDigest = '', approver = ''] =
    /^([^/]+)\/([0-9a-f]{64})\/([^/]+)\.json$/.exec(
      key.slice(AUTHORITY_PREFIXES.rotationApprovals.length),
    ) ?? [];
  return isSubdomain(trustDomain) && isUserid(approver)
    ? { trustDomain, planDigest, approver }
    : undefined;
}
