/** The random wait before a renewal, so that a fleet whose timers fire at once does not ask at once. */
import { heldManifests } from '../restart/held-manifests.ts';
import type { RestartWorld } from '../restart/restart.ts';
import { type RenewWish, selectWanted } from './options.ts';
import { unfinishedInstallations } from './recover.ts';
import { listRequests } from './request-journal.ts';
import { byPlace } from './request-of-others.ts';

export interface Chance {
  /** A whole number from 0 up to, and without, the limit. */
  randomInt(limit: number): number;
}

/**
 * Waits only where something is going to be asked for. What a run that was cut off has left is finished at once: a
 * component may be down because of it.
 * @param seconds the longest wait; undefined: none
 */
export async function splay(
  world: RestartWorld,
  wish: RenewWish,
  seconds: number | undefined,
  chance: Chance,
): Promise<void> {
  if (seconds === undefined || isCutOff(world) || !willAsk(world, wish)) return;
  const chosen = chance.randomInt(seconds + 1);
  world.terminal.progress(`waiting ${chosen} seconds, so that not all nodes ask at once ...`);
  await world.clock.sleep(chosen * 1000);
}

const isCutOff = ({ stateDir }: RestartWorld) =>
  unfinishedInstallations(stateDir).length > 0 || heldManifests(stateDir).length > 0;

const willAsk = (world: RestartWorld, wish: RenewWish) =>
  byPlace(listRequests(world.stateDir), wish).own.length > 0 ||
  selectWanted(world, wish).present.length > 0;
