/** `cakeless trust-domain approve` and `deny`: wording. */
import type { Waiver } from '../../lib/contract/rotation.ts';
import type { CaName } from '../../lib/profiles/certificate-names.ts';
import type { ApprovedPhase, RotationPlan } from '../../lib/rotating/rotation-request.ts';
import { CommandError } from '../errors.ts';
import { approvePlan, denyPlan } from '../rotation/approve.ts';
import { type ReaderDeps, readRecordedStatus } from '../rotation/rotate.ts';
import type { Terminal } from '../terminal.ts';
import {
  type ApproverConnection,
  type ApproverDeps,
  confirmPlan,
  requireReason,
} from './decisions.ts';
import { approveCommand, describePlan, planCommand } from './describe-plan.ts';
import { describeSummary } from './describe-summary.ts';

export interface PlanOptions {
  readonly ca: CaName;
  readonly to: ApprovedPhase;
  readonly compromised?: true;
  readonly waive?: readonly Waiver[];
  readonly plan?: string;
  readonly reason?: string;
}

export async function approveRotation(
  connection: ApproverConnection,
  { terminal, prompt, clock }: ApproverDeps,
  trustDomain: string,
  { plan: given, reason, ...options }: PlanOptions,
): Promise<void> {
  const deps = { ...connection, now: clock.now };
  const { plan, approver } = await approvePlan(
    deps,
    wantedBy(trustDomain, options),
    async (plan) => {
      await showSummary(deps, terminal, plan);
      await confirmPlan({ terminal, prompt }, given, {
        digest: plan.digest,
        description: describePlan(plan),
        command: approveCommand(plan, reason ?? 'TEXT'),
      });
      return requireReason(prompt, reason);
    },
  );
  terminal.progress(
    `approved as ${approver}; an operator continues with ${planCommand('rotate', plan)}`,
  );
}

export async function denyRotation(
  connection: ApproverConnection,
  { terminal, prompt, clock }: ApproverDeps,
  trustDomain: string,
  { plan: given, reason, ...options }: PlanOptions,
): Promise<void> {
  const deps = { ...connection, now: clock.now };
  const { approver } = await denyPlan(deps, wantedBy(trustDomain, options), async (plan) => {
    if (given !== undefined && given !== plan.digest)
      throw new CommandError(
        'conflict',
        `not denied: the plan is not ${given}, but ${plan.digest}`,
      );
    await showSummary(deps, terminal, plan);
    for (const line of describePlan(plan)) terminal.progress(line);
    return requireReason(prompt, reason);
  });
  terminal.progress(`denied as ${approver}`);
}

/** Even if the plan was named: what the check saw is newer than what the operator sent. Before a start, it looks at nothing. */
async function showSummary(
  deps: ReaderDeps,
  terminal: Terminal,
  plan: RotationPlan,
): Promise<void> {
  if (plan.phase !== 'retire') return;
  const status = await readRecordedStatus(deps, plan.trustDomain);
  for (const line of describeSummary(status, plan, deps.now())) terminal.progress(line);
}

const wantedBy = (
  trustDomain: string,
  { ca, to, compromised, waive = [] }: Omit<PlanOptions, 'plan' | 'reason'>,
) => ({ trustDomain, ca, to, compromised: compromised ?? false, waivers: waive });
