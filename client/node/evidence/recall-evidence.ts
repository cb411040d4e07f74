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
import type { Waiting } from './waiting.ts';

export type RotationEvidence = NonNullable<NodeReport['rotation']>;

export interface Gathered {
  /** As it is reported. */
  readonly evidence: RotationEvidence;
  /** What is not done or proved on this node, apart from `waiting`, in sentences. */
  readonly left: readonly string[];
  readonly waiting: readonly Waiting[];
  /** What to remember for the next run. */
  readonly starts: readonly KnownStart[];
}

export type KnownRotation = Pick<RotationMemory, 'sequence' | 'ca' | 'phase' | 'left'>;

/**
 * Never throws. Only the processes and the CA file are looked at again. undefined if this node has seen no rotation.
 */
export function recallEvidence(place: StartsPlace, now: Date): Gathered | undefined {
  const memory = recallRotation(place.stateDir);
  if (!memory) return undefined;
  const proofs = recallProofs(place.stateDir, memory.sequence);
  const proved = memory.ca ? stillProved(proofs, memory.ca, place, now) : proofs;
  return evidenceOf(memory, proved, place, now);
}

export function evidenceOf(
  { sequence, ca, phase, left }: KnownRotation,
  proofs: Proofs,
  place: StartsPlace,
  now: Date,
): Gathered {
  const { started, waiting, starts, unknown } = ca ? look(ca, place, now) : NOTHING;
  const own = [...left, ...proofs.left, ...unknown];
  const notFound = waiting.filter(({ state }) => state === 'not-running').map(({ why }) => why);
  const all = [...own, ...notFound];
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
  return { evidence, left: own, waiting, starts };
}

interface Looked extends StartedComponents {
  /** Why it is unknown, in sentences. */
  readonly unknown: readonly string[];
}

const NOTHING: Looked = { started: [], waiting: [], starts: [], unknown: [] };

/** An unreadable file must not hide what is known. */
function look(ca: CaName, place: StartsPlace, now: Date): Looked {
  try {
    return { ...findStartedOnNode(ca, place, now), unknown: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...NOTHING, unknown: [`it is unknown when components started: ${reason}`] };
  }
}

const short = (text: string) => text.slice(0, REPORT_LIMITS.text);
