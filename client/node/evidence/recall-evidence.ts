/**
 * What this node reports about a rotation, as the last run left it. Separate from `gather-evidence.ts`, because commands that
 * only read it should not load the code that requests probes.
 */
import { type NodeReport, REPORT_LIMITS } from '../../../lib/contract/node-report.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import { type RotationMemory, recallRotation } from '../state/rotation-memory.ts';
import type { KnownStart } from './known-starts.ts';
import { stillProved } from './proof-basis.ts';
import { type Proofs, recallProofs } from './proofs.ts';
import {
  findStartedOnNode,
  type StartedComponents,
  type StartsPlace,
} from './started-components.ts';

export type RotationEvidence = NonNullable<NodeReport['rotation']>;

export type KnownRotation = Pick<RotationMemory, 'sequence' | 'ca' | 'phase' | 'left'>;

/**
 * Never throws. Only the processes and the CA file are looked at again. undefined if this node has seen no rotation.
 */
export function recallEvidence(place: StartsPlace, now: Date): RotationEvidence | undefined {
  const memory = recallRotation(place.stateDir);
  if (!memory) return undefined;
  const proofs = recallProofs(place.stateDir, memory.sequence);
  const proved = memory.ca ? stillProved(proofs, memory.ca, place, now) : proofs;
  return evidenceOf(memory, proved, place, now).evidence;
}

/** @returns also which starts of components to remember */
export function evidenceOf(
  { sequence, ca, phase, left }: KnownRotation,
  proofs: Proofs,
  place: StartsPlace,
  now: Date,
): { evidence: RotationEvidence; starts: readonly KnownStart[] } {
  const { started, unknown, starts } = ca ? look(ca, place, now) : NOTHING;
  const all = [...left, ...proofs.left, ...unknown];
  const evidence = {
    sequence,
    ...(ca !== undefined && { ca }),
    ...(phase !== undefined && { phase }),
    proved: proofs.proved.map(({ component, address, result, at }) => ({
      component,
      address: short(address),
      result,
      at,
    })),
    started,
    left: all.slice(0, REPORT_LIMITS.items).map(short),
  };
  return { evidence, starts };
}

const NOTHING: StartedComponents = { started: [], unknown: [], starts: [] };

/** An unreadable file must not hide what is known. */
function look(ca: CaName, place: StartsPlace, now: Date): StartedComponents {
  try {
    return findStartedOnNode(ca, place, now);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...NOTHING, unknown: [`it is unknown when components started: ${reason}`] };
  }
}

const short = (text: string) => text.slice(0, REPORT_LIMITS.text);
