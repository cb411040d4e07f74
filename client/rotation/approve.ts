/**
 * An approver's decision about the plan of a rotation. The plan is computed here, from what create-ca has recorded, by the
 * function that create-ca uses. So an approver sees what will be signed, not someone's description of it.
 */
import {
  type RotationApproval,
  rotationApprovalKey,
  rotationApprovalSchema,
  type Waiver,
} from '../../lib/contract/rotation.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import { findTransition } from '../../lib/rotating/phases.ts';
import { readPlan } from '../../lib/rotating/plan.ts';
import type { ApprovedPhase, RotationPlan } from '../../lib/rotating/rotation-request.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';

export interface ApproveDeps {
  authority(): Promise<ObjectStore>;
  /** The approver's own `aws:userid`: IAM allows writes only of keys that end with it. */
  userId(): Promise<string>;
  now(): Date;
}

export interface PlanToFind {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly to: ApprovedPhase;
  readonly compromised: boolean;
  readonly waivers: readonly Waiver[];
}

/** @throws CommandError if there is nothing to approve now */
export async function findPlan(deps: ApproveDeps, wanted: PlanToFind): Promise<RotationPlan> {
  const { trustDomain, ca, to, compromised, waivers } = wanted;
  const authority = await deps.authority();
  const document = await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema);
  if (!document) throw new CommandError('usage', `trust domain ${trustDomain}: does not exist`);
  const found = findTransition(document, { ca, to, compromised });
  if (found.kind === 'refused') throw new CommandError('usage', found.why);
  if (found.kind === 'reached' || found.change.approval !== to)
    throw new CommandError(
      'usage',
      `${ca} of trust domain ${trustDomain} is in phase ${document.rotation?.phase}: there is nothing to approve for phase ${to}`,
    );
  const service = { authority, now: () => deps.now() };
  const plan = await readPlan(service, document, found.transition, to, waivers);
  if (plan) return plan;
  throw new CommandError(
    'usage',
    `the rotation of ${ca} of trust domain ${trustDomain} is not planned`,
    `an operator plans it with cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to trust`,
  );
}

export interface Decided {
  readonly plan: RotationPlan;
  readonly approver: string;
}

/**
 * Approves what `confirm` accepts, and nothing else. Approving the same plan again changes nothing.
 * @param confirm returns the reason, or throws. It may take as long as a person does
 * @throws CommandError if the plan changed in the meantime, or the same approver denied it
 */
export async function approvePlan(
  deps: ApproveDeps,
  wanted: PlanToFind,
  confirm: (plan: RotationPlan) => Promise<string>,
): Promise<Decided> {
  const plan = await findPlan(deps, wanted);
  const reason = await confirm(plan);
  const again = await findPlan(deps, wanted);
  if (again.digest !== plan.digest)
    throw new CommandError(
      'conflict',
      `not approved: the plan of ${plan.ca} of trust domain ${plan.trustDomain} changed while it was being reviewed`,
      'run the command again, and review the new plan',
    );
  return record(deps, plan, 'approve', reason);
}

/** A denial is final: another plan, for example with other waivers, has another digest. */
export async function denyPlan(
  deps: ApproveDeps,
  wanted: PlanToFind,
  giveReason: (plan: RotationPlan) => Promise<string>,
): Promise<Decided> {
  const plan = await findPlan(deps, wanted);
  return record(deps, plan, 'deny', await giveReason(plan));
}

async function record(
  deps: ApproveDeps,
  plan: RotationPlan,
  decision: RotationApproval['decision'],
  reason: string,
): Promise<Decided> {
  const { trustDomain, ca, phase, digest: planDigest } = plan;
  const approver = await deps.userId();
  const decidedAt = deps.now().toISOString();
  const about = { trustDomain, ca, phase, planDigest };
  const document: RotationApproval = { ...about, decision, reason, decidedAt };
  const authority = await deps.authority();
  const key = rotationApprovalKey(trustDomain, planDigest, approver);
  if ((await authority.create(key, formatDocument(document), JSON_TYPE)) === 'created')
    return { plan, approver };
  const existing = await readDocument(authority, key, rotationApprovalSchema);
  if (existing?.decision === decision) return { plan, approver };
  throw new CommandError(
    'usage',
    `plan ${planDigest}: ${approver} already decided: ${existing?.decision}`,
    'a decision is final: another approver can deny what was approved; what was denied needs another plan',
  );
}
