/** From a prepared installation to components that are well with it; or back, if one of them is not. */
import { CommandError, EXIT } from '../../exit-codes.ts';
import {
  applyInstallation,
  type Installation,
  record,
  undoInstallation,
} from '../install/installation.ts';
import type { HeldLease } from '../lease.ts';
import { COMPONENTS, type Component, stepsOf } from '../restart/components.ts';
import { readManifest } from '../restart/manifest.ts';
import {
  type RestartResult,
  type RestartWorld,
  restartStep,
  untilWell,
} from '../restart/restart.ts';
import { noteStarts, type StartedSince } from '../restart/started-since.ts';

export interface Carried {
  readonly installation: Installation;
  readonly restarts: readonly RestartResult[];
}

/** @throws CommandError rolledBack if the old files are in place again */
export async function carryThrough(
  prepared: Installation,
  world: RestartWorld,
  lease: HeldLease | undefined,
  watched: readonly Component[] = [],
): Promise<Carried> {
  // a run that goes on with what another one installed can't know
  const hasSeen: StartedSince =
    prepared.journal.phase === 'prepared' ? noteStarts(world.folders) : () => true;
  const applied = await apply(prepared);
  const stubborn = await findStubborn(watched, world);
  const restarts = COMPONENTS.filter((component) =>
    [...applied.journal.restarts, ...stubborn].includes(component),
  );
  const installation = stubborn.length > 0 ? await record(applied, { restarts }) : applied;
  const { installation: tried, results } = await restartAll(installation, world, lease, hasSeen);
  const failed = results.find((result) => result.state === 'failed');
  if (failed?.state !== 'failed')
    return { installation: await record(tried, { phase: 'done' }), restarts: results };
  const reason = `${failed.component} did not come back: ${failed.reason}`;
  world.terminal.progress(`${reason}; the old files go back`);
  const using = [...installation.journal.restarts, ...watched];
  await takeBack(tried, reason, world, lease, (one) => using.includes(one) && hasSeen(one));
  throw new CommandError(
    EXIT.rolledBack,
    `${reason}. The old certificates are in place again, and the components run with them`,
    `the new ones are kept: run the same command again once the reason is found`,
  );
}

/** A component that should have read its files again within seconds and did not is restarted like the others. */
const REREAD_SECONDS = 30;

async function findStubborn(
  watched: readonly Component[],
  world: RestartWorld,
): Promise<Component[]> {
  const stubborn: Component[] = [];
  for (const component of watched) {
    if (!readManifest(component, world.folders)) continue;
    const timeoutSeconds = Math.min(REREAD_SECONDS, world.timeoutSeconds);
    try {
      await untilWell(component, { ...world, timeoutSeconds });
    } catch (error) {
      world.terminal.progress(`${error instanceof Error ? error.message : error}; it is restarted`);
      stubborn.push(component);
    }
  }
  return stubborn;
}

/** What can't be written is undone at once: a full disk leaves the node as it was. */
async function apply(prepared: Installation): Promise<Installation> {
  try {
    return await applyInstallation(prepared);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    await record(await undoInstallation(prepared, reason), { phase: 'undone' });
    throw new CommandError(EXIT.failure, `${reason}; the files are as they were before`);
  }
}

/**
 * Puts the old files back and restarts what has seen the new ones. Can be called again.
 * @param hasSeen beside those of the journal; asked once the old files are there
 */
export async function takeBack(
  installation: Installation,
  reason: string,
  world: RestartWorld,
  lease: HeldLease | undefined,
  hasSeen: StartedSince = () => false,
): Promise<Carried> {
  const undone = await undoInstallation(installation, reason);
  const restarts = COMPONENTS.filter(
    (one) => undone.journal.restarts.includes(one) || hasSeen(one),
  );
  const undoing = await record(undone, { restarts });
  const { installation: tried, results } = await restartAll(undoing, world, lease);
  const failed = results.find((result) => result.state === 'failed');
  if (failed?.state === 'failed')
    throw new CommandError(
      EXIT.rolledBack,
      `${reason}. The old certificates are in place again, but ${failed.component} is not healthy with them either: ${failed.reason}`,
      `look at its log (crictl logs, or /var/log/pods); then cakeless rollback tries again. The backup is ${installation.folder}`,
    );
  return { installation: await record(tried, { phase: 'undone' }), restarts: results };
}

/** Stops at the first one that is not well: a second broken component helps nobody. */
async function restartAll(
  installation: Installation,
  world: RestartWorld,
  lease: HeldLease | undefined,
  hasSeen: StartedSince = () => false,
): Promise<{ installation: Installation; results: RestartResult[] }> {
  const results: RestartResult[] = [];
  let current = installation;
  const extend = async () => lease?.extend();
  for (const step of stepsOf(current.journal.restarts)) {
    await extend();
    const done = await restartStep(step, world, extend);
    results.push(...done);
    if (done.some(({ state }) => state === 'failed'))
      return { installation: await record(current, swapLists(current, step, hasSeen)), results };
    const { restarts, restarted } = current.journal;
    current = await record(current, {
      restarts: restarts.filter((other) => !step.includes(other)),
      restarted: [...restarted, ...step],
    });
  }
  return { installation: current, results };
}

/** For the way back: those that were restarted, the step that failed, and what was started without us. */
function swapLists({ journal }: Installation, failed: readonly Component[], hasSeen: StartedSince) {
  if (journal.phase === 'undoing') return {};
  const touched = [...journal.restarted, ...failed, ...journal.restarts.filter(hasSeen)];
  return { restarts: COMPONENTS.filter((c) => touched.includes(c)), restarted: [] };
}
