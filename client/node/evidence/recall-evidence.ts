/**
 * What this node reports about a rotation, as the last run left it. Apart from `gather-evidence.ts`: who only reads it needs
 * no code that requests probes.
 */
import { type NodeReport, REPORT_LIMITS } from '../../../lib/contract/node-report.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { NodeFolders } from '../disk/places.ts';
import { type RotationMemory, recallRotation } from '../state/rotation-memory.ts';
import { type Proofs, recallProofs } from './proofs.ts';
import { findStarted, type Processes, type StartedComponents } from './started-components.ts';

export type RotationEvidence = NonNullable<NodeReport['rotation']>;

export type KnownRotation = Pick<RotationMemory, 'sequence' | 'ca' | 'phase' | 'left'>;

interface Place extends Processes {
  readonly folders: NodeFolders;
  readonly stateDir: string;
}

/**
 * Never throws. Only the processes are looked at again. undefined if this node has seen no rotation.
 */
export function recallEvidence(place: Place, now: Date): RotationEvidence | undefined {
  const memory = recallRotation(place.stateDir);
  if (!memory) return undefined;
  return evidenceOf(memory, recallProofs(place.stateDir, memory.sequence), place, now);
}

export function evidenceOf(
  { sequence, ca, phase, left }: KnownRotation,
  proofs: Proofs,
  { folders, proc }: Pick<Place, 'folders' | 'proc'>,
  now: Date,
): RotationEvidence {
  const { started, unknown } = ca ? look(ca, folders, now, proc) : NOTHING;
  const all = [...left, ...proofs.left, ...unknown];
  return {
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
}

const NOTHING: StartedComponents = { started: [], unknown: [] };

/** A file that cannot be looked at must not hide what is known. */
function look(
  ca: CaName,
  folders: NodeFolders,
  now: Date,
  proc: string | undefined,
): StartedComponents {
  try {
    return findStarted(ca, folders, now, proc === undefined ? {} : { proc });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...NOTHING, unknown: [`when components started is not known: ${reason}`] };
  }
}

const short = (text: string) => text.slice(0, REPORT_LIMITS.text);
