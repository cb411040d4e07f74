/** A random wait before a renewal, so that nodes with simultaneous timers do not upload or restart at the same time. */
import type { RestartDeps } from '../restart/deps.ts';
import { heldManifests } from '../restart/held-manifests.ts';
import { casToFollow } from '../rotation/wanted-cas.ts';
import { type RenewalOptions, selectWanted } from './options.ts';
import { separateByNode } from './other-nodes-requests.ts';
import { unfinishedInstallations } from './recover.ts';
import { listRequests } from './request-journal.ts';

export interface Chance {
  /** A whole number from 0 to `limit` - 1. */
  randomInt(limit: number): number;
}

/**
 * Waits only if something will be uploaded, or a rotation changes CA files. An interrupted run is resumed immediately, because a component may be down.
 * @param seconds the longest wait; if undefined, does not wait
 */
export async function splay(
  deps: RestartDeps,
  options: RenewalOptions,
  seconds: number | undefined,
  chance: Chance,
): Promise<void> {
  if (seconds === undefined || wasInterrupted(deps) || !willUpload(deps, options)) return;
  const chosen = chance.randomInt(seconds + 1);
  deps.terminal.progress(`waiting ${chosen}s, so that not all nodes upload at the same time ...`);
  await deps.clock.sleep(chosen * 1000);
}

const wasInterrupted = ({ stateDir }: RestartDeps) =>
  unfinishedInstallations(stateDir).length > 0 || heldManifests(stateDir).length > 0;

const willUpload = (deps: RestartDeps, options: RenewalOptions) =>
  separateByNode(listRequests(deps.stateDir), options).own.length > 0 ||
  selectWanted(deps, options).present.length > 0 ||
  casToFollow(options.rotation, deps.folders).length > 0;
