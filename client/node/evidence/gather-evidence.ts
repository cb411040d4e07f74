/** What this node reports about a rotation: what it has seen, what it can prove, and what is left. */
import { type NodeReport, REPORT_LIMITS } from '../../../lib/contract/node-report.ts';
import type { PublishedRotation } from '../../../lib/contract/published-rotation.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { NodeFolders } from '../disk/places.ts';
import type { NodePlace } from '../exchange/outcomes.ts';
import { type RotationMemory, recallRotation } from '../state/rotation-memory.ts';
import { type Proofs, recallProofs, rememberProofs } from './proofs.ts';
import { type ProveDeps, prove } from './prove.ts';
import { findStarted, type Processes, type StartedComponents } from './started-components.ts';

export type RotationEvidence = NonNullable<NodeReport['rotation']>;

/** What a run has followed, and what it remembers with that. */
export interface Followed {
  readonly published: PublishedRotation;
  readonly memory: KnownRotation;
}

export type KnownRotation = Pick<RotationMemory, 'sequence' | 'ca' | 'phase' | 'left'>;

/** After everything else that a run does: it connects to the servers of this node. */
export async function gatherEvidence(
  deps: ProveDeps,
  place: NodePlace,
  { published, memory }: Followed,
): Promise<RotationEvidence> {
  const proofs = await prove(deps, place, published);
  await rememberProofs(deps.stateDir, proofs).catch((error: unknown) =>
    deps.terminal.progress(`note: the proofs of this node are not remembered: ${error}`),
  );
  return evidenceOf(memory, proofs, deps, deps.clock.now());
}

interface Place extends Processes {
  readonly folders: NodeFolders;
  readonly stateDir: string;
}

/**
 * Never throws. As the last run left it; only the processes are looked at again. undefined if this node has seen no rotation.
 */
export function recallEvidence(place: Place, now: Date): RotationEvidence | undefined {
  const memory = recallRotation(place.stateDir);
  if (!memory) return undefined;
  return evidenceOf(memory, recallProofs(place.stateDir, memory.sequence), place, now);
}

function evidenceOf(
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
