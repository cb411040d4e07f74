/** How far the rotation of a trust domain is, and what a person has to do now. Only reads. */
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { readRotationApprovals } from './approvals.ts';
import { boundMissing } from './bound-missing.ts';
import type { Gate } from './gate-result.ts';
import { findTransition, nextPhaseOf } from './phases.ts';
import { readPlan } from './plan.ts';
import { readTrustDomainObject } from './read-trust-domain.ts';
import type { RotationPlan, RotationStatus, RotationStatusRequest } from './rotation-request.ts';

export async function rotationStatus(
  service: Service,
  gate: Gate,
  { trustDomain }: RotationStatusRequest,
): Promise<RotationStatus> {
  const { document } = await readTrustDomainObject(service, trustDomain);
  const { rotation, sequence = 0 } = document;
  if (!rotation) {
    const nothing = { missing: [], notes: [], progress: [], todo: [] };
    return { trustDomain, phase: 'stable', sequence, ...nothing };
  }
  const { ca, from, to, phase, since, startedAt, compromised = false } = rotation;
  const next = nextPhaseOf(phase) ?? 'stable';
  const found = findTransition(document, { ca, to: next, compromised });
  if (found.kind !== 'change')
    throw new Fault('document-malformed', `${trustDomain}: phase ${phase} of ${ca} has no next`);
  const { change, transition } = found;
  const judged = await gate.examine(service, document, transition, gate.rules);
  const plan = change.approval
    ? await readPlan(service, document, transition, change.approval, [])
    : undefined;
  const { missing, notes, progress } = boundMissing(judged);
  return {
    trustDomain,
    phase,
    sequence,
    rotation: { ca, from, to, since, startedAt, compromised, next },
    missing,
    notes,
    progress,
    ...(plan && { plan }),
    todo: [
      ...new Set(missing.map(({ subject, fix }) => `${subject}: ${fix}`)),
      ...(await approvalTodo(service, plan)),
      ...(missing.length === 0 ? [changeTodo(document, next)] : []),
    ],
  };
}

async function approvalTodo(service: Service, plan: RotationPlan | undefined): Promise<string[]> {
  if (!plan) return [];
  const state = await readRotationApprovals(service.authority, plan);
  return state.state === 'approved'
    ? []
    : [`phase ${plan.phase} needs an approval of its plan ${plan.digest}: ${state.why}`];
}

const changeTodo = ({ trustDomain, rotation }: TrustDomainDocument, next: string): string =>
  `an operator changes the phase of ${rotation?.ca} of trust domain ${trustDomain} from ${rotation?.phase} to ${next}`;
