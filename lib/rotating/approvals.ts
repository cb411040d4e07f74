/** What approvers decided about a plan of a rotation: one object for each approver, below the digest of the plan. */
import {
  parseRotationApprovalKey,
  type RotationApproval,
  rotationApprovalSchema,
  rotationApprovalsPrefix,
} from '../contract/rotation.ts';
import { Fault } from '../fault.ts';
import { orMalformed, readDocument } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { RotationPlan } from './rotation-request.ts';

/** More approvers than a deployment has. A denial could hide among more objects, so then no approval counts. */
const MOST_OBJECTS = 100;

const MAX_APPROVAL_BYTES = 64 * 1024;

type Approvals = Pick<ObjectStore, 'get' | 'list'>;

export type RotationApprovalState =
  /** `aws:userid` of those who approved. */
  | { readonly state: 'approved'; readonly by: readonly string[] }
  | { readonly state: 'denied' | 'waiting'; readonly why: string };

interface Found {
  readonly approver: string;
  /** undefined: it cannot be read. */
  readonly document: RotationApproval | undefined;
}

/**
 * A denial by any approver blocks the plan: not rotating is always an option. An unreadable object may be a denial. The
 * key says whose decision it is: IAM lets nobody else write it.
 */
export async function readRotationApprovals(
  authority: Approvals,
  plan: RotationPlan,
): Promise<RotationApprovalState> {
  const found = await readAll(authority, plan);
  if (!found)
    return waiting(
      `more than ${MOST_OBJECTS} objects are about it, and a denial may be one of them`,
    );
  const denial = found.find(({ document }) => document?.decision === 'deny');
  if (denial)
    return {
      state: 'denied',
      why: `${denial.approver} denied it: ${denial.document?.reason ?? ''}`,
    };
  const unreadable = found.find(({ document }) => !document);
  if (unreadable)
    return waiting(`the decision of ${unreadable.approver} cannot be read, and may be a denial`);
  const by = found.filter(({ document }) => isOf(plan, document)).map(({ approver }) => approver);
  return by.length > 0 ? { state: 'approved', by } : waiting('nobody has approved it');
}

const waiting = (why: string): RotationApprovalState => ({ state: 'waiting', why });

/** An object that contradicts its key was not written by a client that looked at this plan. */
const isOf = (plan: RotationPlan, document: RotationApproval | undefined): boolean =>
  document !== undefined &&
  document.planDigest === plan.digest &&
  document.trustDomain === plan.trustDomain &&
  document.ca === plan.ca &&
  document.phase === plan.phase;

async function readAll(
  authority: Approvals,
  { trustDomain, digest }: RotationPlan,
): Promise<Found[] | undefined> {
  const names: { key: string; approver: string }[] = [];
  let seen = 0;
  for await (const { key } of authority.list(rotationApprovalsPrefix(trustDomain, digest))) {
    seen += 1;
    if (seen > MOST_OBJECTS) return undefined;
    const name = parseRotationApprovalKey(key);
    if (name) names.push({ key, approver: name.approver });
  }
  return Promise.all(
    names.map(async ({ key, approver }) => ({ approver, document: await read(authority, key) })),
  );
}

async function read(authority: Approvals, key: string): Promise<RotationApproval | undefined> {
  const document = await readDocument(
    authority,
    key,
    rotationApprovalSchema,
    MAX_APPROVAL_BYTES,
  ).catch(orMalformed);
  return document instanceof Fault ? undefined : document;
}
