/**
 * How far the rotation of a trust domain is, and what a person has to do now. Read-only. What the daily check found is read
 * by anyone who reads the authority bucket; only who may call create-ca can have all clusters examined.
 */
import type { TrustDomainDocument } from '../contract/trust-domain.ts';
import type { Service } from '../service.ts';
import { readRotationApprovals } from './approvals.ts';
import { NOTHING } from './bound-findings.ts';
import type { Gate } from './gate-result.ts';
import { readLastRotations } from './last-rotations.ts';
import { type JudgedNext, judgeNext, nextChangeOf } from './next-gate.ts';
import { readPlan } from './plan.ts';
import { readTrustDomainObject, type TrustDomainObject } from './read-trust-domain.ts';
import type { RotationPlan, RotationStatus, RotationStatusRequest } from './rotation-request.ts';
import { readSummary } from './summary.ts';

type Reader = Pick<Service, 'authority' | 'now'>;

interface Found {
  readonly evidence: NonNullable<RotationStatus['evidence']>;
  readonly judged: JudgedNext;
}

/** Examines all clusters. */
export async function liveStatus(
  service: Service,
  gate: Gate,
  { trustDomain }: RotationStatusRequest,
): Promise<RotationStatus> {
  const read = await readTrustDomainObject(service, trustDomain);
  const next = nextChangeOf(read.document);
  if (!next) return statusOf(service, read, undefined);
  const at = service.now().toISOString();
  const judged = await judgeNext(service, gate, read.document, next);
  return statusOf(service, read, { evidence: { at, isSummary: false }, judged });
}

/**
 * As the daily check found it: without `evidence` if it has not looked since the last change.
 * @throws Fault request-malformed if the trust domain does not exist
 */
export async function recordedStatus(reader: Reader, trustDomain: string): Promise<RotationStatus> {
  const read = await readTrustDomainObject(reader, trustDomain);
  const summary = read.document.rotation && (await readSummary(reader, read));
  if (!summary) return statusOf(reader, read, undefined);
  const { at, missing, notes, progress, todo, leftOut } = summary;
  const judged = { missing, notes, progress, todo, leftOut };
  return statusOf(reader, read, { evidence: { at, isSummary: true }, judged });
}

const UNKNOWN: JudgedNext = { ...NOTHING, todo: [], leftOut: { ...NOTHING.leftOut, todo: 0 } };

async function statusOf(
  reader: Reader,
  { document }: TrustDomainObject,
  found: Found | undefined,
): Promise<RotationStatus> {
  const { trustDomain, rotation, sequence = 0 } = document;
  const next = nextChangeOf(document);
  if (!rotation || !next) {
    const lastRotations = await readLastRotations(reader.authority, document);
    return { trustDomain, phase: 'stable', sequence, ...UNKNOWN, lastRotations };
  }
  const { ca, from, to, phase, since, startedAt, compromised = false } = rotation;
  const { change, transition } = next;
  const { judged } = found ?? { judged: UNKNOWN };
  const plan = change.approval
    ? await readPlan(reader, document, transition, change.approval, [])
    : undefined;
  const isReady = found !== undefined && judged.missing.length === 0;
  return {
    trustDomain,
    phase,
    sequence,
    rotation: { ca, from, to, since, startedAt, compromised, next: transition.after },
    ...(found && { evidence: found.evidence }),
    ...judged,
    ...(plan && { plan }),
    todo: [
      ...(found ? judged.todo : [lookTodo(trustDomain)]),
      ...(await approvalTodo(reader, plan, !isReady)),
      ...(isReady ? [changeTodo(document, transition.after)] : []),
    ],
  };
}

const lookTodo = (trustDomain: string): string =>
  `what is missing is unknown until the next daily check, or until an operator runs cakeless trust-domain rotation ${trustDomain} --live`;

/** A waiver of what is missing makes another plan, which may be approved already. */
async function approvalTodo(
  { authority }: Reader,
  plan: RotationPlan | undefined,
  mayNeedWaivers: boolean,
): Promise<string[]> {
  if (!plan) return [];
  const { trustDomain, ca, phase, digest } = plan;
  const state = await readRotationApprovals(authority, plan);
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
