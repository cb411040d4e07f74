/**
 * The phases of a rotation, and which may follow which. A change is always to an adjacent phase. Each can be
 * undone, except the end.
 */
import type { Phase } from '../contract/rotation-phases.ts';
import {
  type CaVersions,
  casOf,
  signingVersionOf,
  type TrustDomainDocument,
} from '../contract/trust-domain.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { Transition } from './gate-result.ts';
import type { ApprovedPhase } from './rotation-request.ts';

/** One row of the table of phases. */
export interface PhaseChange {
  readonly before: Phase;
  readonly after: Phase;
  readonly direction: 'forward' | 'back';
  /** What approvers approve, who can neither upload requests nor call create-ca. */
  readonly approval?: ApprovedPhase;
  /** Whether evidence is needed that it breaks nothing. */
  readonly hasGate: boolean;
}

export const PHASE_CHANGES: readonly PhaseChange[] = [
  { before: 'stable', after: 'trust', direction: 'forward', approval: 'trust', hasGate: true },
  { before: 'trust', after: 'issue', direction: 'forward', hasGate: true },
  { before: 'issue', after: 'retire', direction: 'forward', approval: 'retire', hasGate: true },
  { before: 'retire', after: 'stable', direction: 'forward', hasGate: true },
  { before: 'issue', after: 'trust', direction: 'back', hasGate: false },
  { before: 'retire', after: 'issue', direction: 'back', hasGate: false },
  // nothing trusts the new CA after this, so no certificate of it may be in use
  { before: 'trust', after: 'stable', direction: 'back', hasGate: true },
];

/** What a request wants. */
export interface AskedPhase {
  readonly ca: CaName;
  readonly to: Phase;
  readonly compromised: boolean;
}

export type FoundTransition =
  | { readonly kind: 'change'; readonly change: PhaseChange; readonly transition: Transition }
  /** The trust domain is in that phase: an earlier call of the same command was successful. */
  | { readonly kind: 'reached' }
  /** Says what is allowed instead. */
  | { readonly kind: 'refused'; readonly why: string };

/** The number of the next version of a CA: those of canceled rotations, and of abandoned drafts, are never used again. */
export const nextVersionOf = ({ versions, abandoned = 0 }: CaVersions): number =>
  Math.max(abandoned, ...versions.map(({ version }) => version)) + 1;

/** @throws Fault document-malformed if the version that signs does not exist */
export function findTransition(document: TrustDomainDocument, asked: AskedPhase): FoundTransition {
  const { trustDomain, rotation } = document;
  const { ca, to: after, compromised } = asked;
  const versions = document.cas[ca];
  if (!versions)
    return refused(`trust domain ${trustDomain} has no ${ca}; it has ${names(document)}`);
  if (rotation && rotation.ca !== ca)
    return refused(
      `${rotation.ca} of trust domain ${trustDomain} is being rotated (phase ${rotation.phase}), and only one CA is rotated at a time: finish that rotation first, or go back to stable`,
    );
  const before = rotation?.phase ?? 'stable';
  if (rotation && compromised && !rotation.compromised)
    return refused(
      `the rotation of ${ca} was not started as that of a compromised CA: use cakeless trust-domain declare-compromised`,
    );
  if (before === after) return { kind: 'reached' };
  const change = PHASE_CHANGES.find((row) => row.before === before && row.after === after);
  if (!change)
    return refused(
      `${ca} of trust domain ${trustDomain} is in phase ${before}; allowed now: ${phasesAfter(before).join(', ')}`,
    );
  const from = rotation?.from ?? signingVersionOf(ca, versions).version;
  const why = whyNotCompromised(document, versions, from, change, asked);
  if (why !== undefined) return refused(why);
  const transition: Transition = {
    trustDomain,
    ca,
    from,
    to: rotation?.to ?? nextVersionOf(versions),
    before,
    after,
    direction: change.direction,
    compromised: rotation?.compromised ?? compromised,
    ...(rotation && { rotation }),
  };
  return { kind: 'change', change, transition };
}

/** A compromised CA is not rotated as if it could vouch for a new one, and no node restores it after it was dropped. */
function whyNotCompromised(
  { trustDomain, rotation }: TrustDomainDocument,
  { versions }: CaVersions,
  from: number,
  { before, direction }: PhaseChange,
  { ca, compromised }: AskedPhase,
): string | undefined {
  const isKnown = versions.some((one) => one.version === from && one.compromised === true);
  if (!rotation && isKnown && !compromised)
    return `version ${from} of ${ca} of trust domain ${trustDomain} was declared compromised, so it cannot vouch for a new CA: rotate it as a compromised CA (--compromised)`;
  return rotation?.compromised && before === 'retire' && direction === 'back'
    ? `the old ${ca} is compromised, and no node restores it; allowed now: stable`
    : undefined;
}

const refused = (why: string): FoundTransition => ({ kind: 'refused', why });

const names = (document: TrustDomainDocument) =>
  casOf(document)
    .map(([name]) => name)
    .join(', ');

const phasesAfter = (phase: Phase): Phase[] =>
  PHASE_CHANGES.filter(({ before }) => before === phase).map(({ after }) => after);

/** The phase that follows in the forward direction. */
export const nextPhaseOf = (phase: Phase): Phase | undefined =>
  PHASE_CHANGES.find(({ before, direction }) => before === phase && direction === 'forward')?.after;
