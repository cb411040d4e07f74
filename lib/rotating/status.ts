/** How far the rotation of a trust domain is, and what a person has to do now. Read-only. */
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import type { Service } from '../service.ts';
import { readRotationApprovals } from './approvals.ts';
import { NOTHING } from './bound-findings.ts';
import type { Gate } from './gate-result.ts';
import { type JudgedNext, judgeNext, type NextChange, nextChangeOf } from './next-gate.ts';
import { readPlan } from './plan.ts';
import { readTrustDomainObject, type TrustDomainObject } from './read-trust-domain.ts';
import type { RotationPlan, RotationStatus, RotationStatusRequest } from './rotation-request.ts';
import { readSummary } from './summary.ts';

export async function rotationStatus(
  service: Service,
  gate: Gate,
  { trustDomain, live = false }: RotationStatusRequest,
): Promise<RotationStatus> {
  const read = await readTrustDomainObject(service, trustDomain);
  const { document } = read;
  const { rotation, sequence = 0 } = document;
  const next = nextChangeOf(document);
  if (!rotation || !next) {
    const nothing = { ...NOTHING, todo: [], leftOut: { ...NOTHING.leftOut, todo: 0 } };
    return { trustDomain, phase: 'stable', sequence, ...nothing };
  }
  const { ca, from, to, phase, since, startedAt, compromised = false } = rotation;
  const { change, transition } = next;
  const { evidence, judged } = await findingsOf(service, gate, read, next, live);
  const plan = change.approval
    ? await readPlan(service, document, transition, change.approval, [])
    : undefined;
  return {
    trustDomain,
    phase,
    sequence,
    rotation: { ca, from, to, since, startedAt, compromised, next: transition.after },
    evidence,
    ...judged,
    ...(plan && { plan }),
    todo: [
      ...judged.todo,
      ...(await approvalTodo(service, plan, judged.missing.length > 0)),
      ...(judged.missing.length === 0 ? [changeTodo(document, transition.after)] : []),
    ],
  };
}

/** A summary saves the reads of all clusters. Approvals are few, so they are always read. */
async function findingsOf(
  service: Service,
  gate: Gate,
  read: TrustDomainObject,
  next: NextChange,
  live: boolean,
): Promise<{ evidence: NonNullable<RotationStatus['evidence']>; judged: JudgedNext }> {
  const summary = live ? undefined : await readSummary(service, gate.rules, read);
  if (summary) {
    const { at, missing, notes, progress, todo, leftOut } = summary;
    return {
      evidence: { at, isSummary: true },
      judged: { missing, notes, progress, todo, leftOut },
    };
  }
  const at = service.now().toISOString();
  const judged = await judgeNext(service, gate, read.document, next);
  return { evidence: { at, isSummary: false }, judged };
}

/** A waiver of what is missing makes another plan, which may be approved already. */
async function approvalTodo(
  service: Service,
  plan: RotationPlan | undefined,
  mayNeedWaivers: boolean,
): Promise<string[]> {
  if (!plan) return [];
  const { trustDomain, ca, phase, digest } = plan;
  const state = await readRotationApprovals(service.authority, plan);
  if (state.state === 'approved') return [];
  const what = `phase ${phase} needs an approval of its plan`;
  return mayNeedWaivers
    ? [
        `${what}, and other waivers make another plan: cakeless trust-domain rotate ${trustDomain} --ca ${ca} --to ${phase} --dry-run, with the waivers that you need, prints the command for the approver`,
      ]
    : [
        `${what} (${state.why}): cakeless trust-domain approve ${trustDomain} --ca ${ca} --to ${phase} --plan ${digest}`,
      ];
}

const changeTodo = ({ trustDomain, rotation }: TrustDomainDocument, next: string): string =>
  `to change from phase ${rotation?.phase} to ${next}, an operator runs cakeless trust-domain rotate ${trustDomain} --ca ${rotation?.ca} --to ${next}`;
