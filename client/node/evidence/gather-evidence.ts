/** What this node reports about a rotation: what it has seen, what it can prove, and what is left. */
import type { PublishedRotation } from '../../../lib/contract/published-rotation.ts';
import type { NodePlace } from '../exchange/outcomes.ts';
import { rememberStarts } from './known-starts.ts';
import { rememberProofs } from './proofs.ts';
import { type ProveDeps, prove } from './prove.ts';
import { evidenceOf, type Gathered, type KnownRotation } from './recall-evidence.ts';

/** What a run has followed, and what it remembers with that. */
export interface Followed {
  readonly published: PublishedRotation;
  readonly memory: KnownRotation;
}

/** After everything else that a run does: it connects to the servers of this node. */
export async function gatherEvidence(
  deps: ProveDeps,
  place: NodePlace,
  { published, memory }: Followed,
): Promise<Gathered> {
  const proofs = await prove(deps, place, published);
  const gathered = evidenceOf(memory, proofs, deps, deps.clock.now());
  try {
    await rememberProofs(deps.stateDir, proofs);
    await rememberStarts(deps.stateDir, gathered.starts);
  } catch (error) {
    deps.terminal.progress(
      `note: the proofs of this node could not be stored: ${error}; the next run proves them again`,
    );
  }
  return gathered;
}
