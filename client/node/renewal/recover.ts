/** What a run that was cut off left behind is finished, or undone, before anything new begins. */
import {
  type Installation,
  listInstallations,
  pruneInstallations,
} from '../install/installation.ts';
import { returnManifests } from '../restart/held-manifests.ts';
import type { HeldLease } from '../restart/lease.ts';
import type { RestartWorld } from '../restart/restart.ts';
import { type Carried, carryThrough, takeBack } from './carry-through.ts';
import { sweepRequests } from './request-journal.ts';

export interface Recovery {
  readonly carried: readonly Carried[];
}

export function unfinishedInstallations(stateDir: string): Installation[] {
  return listInstallations(stateDir).filter(
    ({ journal: { phase } }) => phase !== 'done' && phase !== 'undone',
  );
}

/** @throws CommandError as `carryThrough` and `takeBack` do */
export async function recover(
  world: RestartWorld,
  lease: (why: readonly Installation[]) => Promise<HeldLease | undefined>,
): Promise<Recovery> {
  const returned = await returnManifests(world.stateDir, world.folders);
  for (const component of returned)
    world.terminal.progress(`${component}: the manifest that a cut-off run had moved away is back`);
  const unfinished = unfinishedInstallations(world.stateDir);
  if (unfinished.length === 0) {
    await tidy(world.stateDir);
    return { carried: [] };
  }
  const held = await lease(unfinished);
  const carried: Carried[] = [];
  try {
    for (const installation of unfinished) {
      const { id, phase, reason = '' } = installation.journal;
      world.terminal.progress(`installation ${id} was cut off (${phase}); it is gone on with`);
      carried.push(
        phase === 'undoing'
          ? await takeBack(installation, reason, world, held)
          : await carryThrough(installation, world, held),
      );
    }
  } finally {
    await held?.release();
  }
  return { carried };
}

/** Never in front of a recovery: what is to be removed might be what it needs. */
export async function tidy(stateDir: string): Promise<void> {
  await pruneInstallations(stateDir);
  await sweepRequests(stateDir);
}
