/** The gate of the next phase of a rotation, and its findings. */
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { Service } from '../service.ts';
import { boundFindings, todoAbout } from './bound-findings.ts';
import type { Gate, Transition } from './gate-result.ts';
import { findTransition, nextPhaseOf, type PhaseChange } from './phases.ts';
import type { RotationStatus } from './rotation-request.ts';

export interface NextChange {
  readonly change: PhaseChange;
  readonly transition: Transition;
}

/** undefined if the trust domain is stable. @throws Fault document-malformed */
export function nextChangeOf(document: TrustDomainDocument): NextChange | undefined {
  const { trustDomain, rotation } = document;
  if (!rotation) return undefined;
  const { ca, phase, compromised = false } = rotation;
  const found = findTransition(document, { ca, to: nextPhaseOf(phase) ?? 'stable', compromised });
  if (found.kind === 'change') return found;
  throw new Fault('document-malformed', `${trustDomain}: phase ${phase} of ${ca} has no next`);
}

/** The findings of a gate that people see. */
export type JudgedNext = Pick<
  RotationStatus,
  'missing' | 'notes' | 'progress' | 'todo' | 'leftOut'
>;

/** Reads the evidence of all clusters. */
export async function judgeNext(
  service: Service,
  { examine, rules }: Gate,
  document: TrustDomainDocument,
  { transition }: NextChange,
): Promise<JudgedNext> {
  const found = await examine(service, document, transition, rules);
  const { leftOut, ...bound } = boundFindings(found);
  const { todo, leftOut: todoLeft } = todoAbout(found.missing);
  return { ...bound, todo, leftOut: { ...leftOut, todo: todoLeft } };
}
