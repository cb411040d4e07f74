/**
 * Changes the phase of a rotation, if the change has what it needs: the approval of its plan, and the evidence of its gate.
 * Otherwise nothing is changed. An unfinished change is finished without checking again, because it was decided already.
 */
import { isRequested } from '../ca/is-requested.ts';
import { publishTrust } from '../ca/publish-trust.ts';
import type { RotationStep } from '../contract/rotation.ts';
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { readRotationApprovals } from './approvals.ts';
import { boundFindings, NOTHING } from './bound-findings.ts';
import { finishStep, readStep, type SameStep, sameOnly, writeStep } from './change-phase.ts';
import type { Gate, GateResult, Missing, Transition } from './gate-result.ts';
import { findTransition, type PhaseChange } from './phases.ts';
import { readPlan } from './plan.ts';
import { readTrustDomainObject } from './read-trust-domain.ts';
import type { Findings, RotateRequest, RotateResponse, RotationPlan } from './rotation-request.ts';
import { newVersionName } from './start-material.ts';
import { waive } from './waive.ts';

/** @throws Fault request-malformed if the phase cannot follow now, or another change was faster */
export async function rotate(
  service: Service,
  gate: Gate,
  request: RotateRequest,
): Promise<RotateResponse> {
  const { trustDomain, ca, to, compromised = false, dryRun = false } = request;
  const { document } = await readTrustDomainObject(service, trustDomain);
  const found = findTransition(document, { ca, to, compromised });
  if (found.kind === 'refused') throw new Fault('request-malformed', found.why);
  if (found.kind === 'reached') {
    const now = dryRun ? document : await publishTrust(service, trustDomain);
    return responseOf(now, request, false, NOTHING);
  }
  const { change, transition } = found;
  const wanted = stepOf(document, transition);
  const begun = await readStep(service, wanted, wanted.sequence);
  if (begun) {
    const step = sameOnly(begun, wanted);
    if (!dryRun) return responseOf(await finishStep(service, step), request, true, NOTHING);
    const notes = [
      `this change was begun at ${step.at}, and is not finished: run the command without --dry-run to finish it`,
    ];
    return responseOf(document, request, false, { ...NOTHING, notes });
  }
  const verdict = await judge(service, gate, document, change, transition, request);
  if (dryRun || verdict.findings.missing.length > 0)
    return responseOf(document, request, false, verdict.findings, verdict.plan);
  const at = service.now().toISOString();
  const step = sameOnly(await writeStep(service, { ...wanted, at, ...verdict.decision }), wanted);
  return responseOf(await finishStep(service, step), request, true, verdict.findings, verdict.plan);
}

/** The gate of a change without one. */
const NO_GATE: Omit<GateResult, 'evidenceSha256'> = NOTHING;

function stepOf(
  { sequence = 0 }: TrustDomainDocument,
  { trustDomain, ca, from, to, before, after, compromised }: Transition,
): SameStep {
  return { trustDomain, ca, from, to, sequence: sequence + 1, before, after, compromised };
}

interface Verdict {
  readonly findings: Findings;
  readonly plan?: RotationPlan;
  /** For the history. */
  readonly decision: Pick<RotationStep, 'planDigest' | 'approvedBy' | 'waivers' | 'evidenceSha256'>;
}

async function judge(
  service: Service,
  { examine, rules }: Gate,
  document: TrustDomainDocument,
  change: PhaseChange,
  transition: Transition,
  { waivers = [] }: RotateRequest,
): Promise<Verdict> {
  const approval = await judgeApproval(service, document, change, transition, waivers);
  const found = change.hasGate
    ? await examine(service, document, transition, rules)
    : { ...NO_GATE, evidenceSha256: undefined };
  const { missing, used, notes } = waive(found.missing, waivers);
  const { plan, approvedBy } = approval;
  return {
    findings: {
      missing: [...approval.missing, ...missing],
      notes: [...notes, ...found.notes],
      progress: found.progress,
    },
    ...(plan && { plan }),
    decision: {
      ...(plan && { planDigest: plan.digest }),
      approvedBy: [...approvedBy],
      waivers: [...used],
      ...(found.evidenceSha256 !== undefined && { evidenceSha256: found.evidenceSha256 }),
    },
  };
}

interface JudgedApproval {
  readonly plan?: RotationPlan;
  readonly approvedBy: readonly string[];
  /** No waiver covers it. */
  readonly missing: readonly Missing[];
}

async function judgeApproval(
  service: Service,
  document: TrustDomainDocument,
  { approval: phase }: PhaseChange,
  transition: Transition,
  waivers: RotateRequest['waivers'] = [],
): Promise<JudgedApproval> {
  if (!phase) return { approvedBy: [], missing: [] };
  const { trustDomain, ca } = transition;
  const plan = await readPlan(service, document, transition, phase, waivers);
  if (!plan && phase === 'trust' && (await isRequested(service, newVersionName(transition))))
    return { approvedBy: [], missing: [awaitedCertificate(transition)] };
  if (!plan)
    throw new Fault(
      'request-malformed',
      `the rotation of ${ca} of trust domain ${trustDomain} is not planned yet: run cakeless trust-domain rotate without --dry-run, which plans it and changes nothing until the plan is approved`,
    );
  const state = await readRotationApprovals(service.authority, plan);
  if (state.state === 'approved') return { plan, approvedBy: state.by, missing: [] };
  const why = `the plan ${plan.digest} is not approved: ${state.why}`;
  const missing =
    state.state === 'denied'
      ? {
          subject: 'denial',
          why,
          fix: 'talk to the approver who denied it; a different plan, for example with other waivers, needs a new approval',
        }
      : { subject: 'approval', why, fix: 'have an approver approve this plan' };
  return { plan, approvedBy: [], missing: [missing] };
}

/** Its plan names the certificate, so nobody can approve it before that is imported. */
const awaitedCertificate = ({ trustDomain, ca, to }: Transition): Missing => ({
  subject: 'certificate',
  why: `the certificate of version ${to} of ${ca}, which the CA above it issues, has not been imported yet`,
  fix: `send the CSR to that CA (cakeless trust-domain csr ${trustDomain} --ca ${ca} --successor prints it again), then import the certificate with cakeless trust-domain import-certificate ${trustDomain} --ca ${ca}`,
});

function responseOf(
  { sequence = 0, rotation }: TrustDomainDocument,
  { trustDomain, ca }: RotateRequest,
  changed: boolean,
  findings: Findings,
  plan?: RotationPlan,
): RotateResponse {
  const phase = rotation?.phase ?? 'stable';
  return {
    trustDomain,
    ca,
    changed,
    phase,
    sequence,
    ...boundFindings(findings),
    ...(plan && { plan }),
  };
}
