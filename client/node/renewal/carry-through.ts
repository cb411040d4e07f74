/** From a prepared installation to components that are well with it; or back, if one of them is not. */
import { CommandError } from '../../errors.ts';
import { COMPONENTS, type Component, stepsOf } from '../disk/components.ts';
import {
  applyInstallation,
  type Installation,
  record,
  undoInstallation,
} from '../install/installation.ts';
import { type HeldLease, keepAlive } from '../restart/lease.ts';
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

/**
 * @throws CommandError rolledBack if the old files are in place again; pending if the lease was lost and the next run goes
 * on
 */
export async function carryThrough(
  prepared: Installation,
  outer: RestartWorld,
  lease: HeldLease | undefined,
  watched: readonly Component[] = [],
): Promise<Carried> {
  const world = { ...outer, whileWaiting: keepAlive(lease, outer.clock) };
  // a run that goes on with what another one installed can't know
  const hasSeen: StartedSince =
    prepared.journal.phase === 'prepared' ? noteStarts(world) : () => true;
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
  const ofThese: StartedSince = (one) => using.includes(one) && hasSeen(one);
  const back = await takeBack(tried, reason, world, lease, ofThese);
  throw new CommandError(
    'rolled-back',
    `${reason}. The old certificates are in place again, ${describeBack(back.restarts)}`,
    `the new ones are kept: run the same command again once the reason is found`,
  );
}

function describeBack(results: readonly RestartResult[]): string {
  const left = results.flatMap((result) =>
    'reason' in result ? [`${result.component} (${result.reason})`] : [],
  );
  return left.length === 0
    ? 'and the components run with them'
    : `but see to ${left.join(', ')}; the log is in crictl logs, or /var/log/pods`;
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
    throw new CommandError('failure', `${reason}; the files are as they were before`);
  }
}

/**
 * Puts the old files back and restarts what has seen the new ones. Can be called again. It is done when the files are
 * back: a component that fails with them, too, is in the results, and holds up neither the others nor the next run.
 * @param hasSeen beside those of the journal; asked once the old files are there
 */
export async function takeBack(
  installation: Installation,
  reason: string,
  outer: RestartWorld,
  lease: HeldLease | undefined,
  hasSeen: StartedSince = () => false,
): Promise<Carried> {
  const world = { ...outer, whileWaiting: keepAlive(lease, outer.clock) };
  const undone = await undoInstallation(installation, reason);
  const restarts = COMPONENTS.filter(
    (one) => undone.journal.restarts.includes(one) || hasSeen(one),
  );
  const undoing = await record(undone, { restarts });
  const { installation: tried, results } = await restartAll(undoing, world, lease);
  return { installation: await record(tried, { phase: 'undone' }), restarts: results };
}

/** On the way forward it stops at the first one that fails: a second broken component helps nobody. */
async function restartAll(
  installation: Installation,
  world: RestartWorld,
  lease: HeldLease | undefined,
  hasSeen: StartedSince = () => false,
): Promise<{ installation: Installation; results: RestartResult[] }> {
  const { restarts: todo, phase, unwellBefore = [] } = installation.journal;
  const goesOnWithout = (component: Component) =>
    phase === 'undoing' || unwellBefore.includes(component);
  const results: RestartResult[] = [];
  let current = installation;
  for (const step of stepsOf(todo)) {
    const beforeEach = () => extend(lease, current, world);
    const found = await restartStep(step, world, { beforeEach, goesOnWithout });
    const done = found.map((result) => forgive(result, unwellBefore));
    results.push(...done);
    if (phase !== 'undoing' && done.some(({ state }) => state === 'failed'))
      return { installation: await record(current, swapLists(current, step, hasSeen)), results };
    const { restarts, restarted } = current.journal;
    current = await record(current, {
      restarts: restarts.filter((other) => !step.includes(other)),
      restarted: [...restarted, ...step],
    });
  }
  return { installation: current, results };
}

/**
 * Without the lease nothing new is begun; the way back is gone all the same: what runs with files that are gone has to be
 * restarted.
 */
async function extend(
  lease: HeldLease | undefined,
  { journal: { phase, restarts } }: Installation,
  { terminal }: RestartWorld,
): Promise<void> {
  try {
    await lease?.extend();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (phase !== 'undoing')
      throw new CommandError(
        'pending',
        `${why}: the new files are in place, and ${restarts.join(', ')} are still to be restarted`,
        'run the same command again: it goes on',
      );
    terminal.progress(`${why}; the old files are back, so the restarts go on`);
  }
}

const forgive = (result: RestartResult, unwellBefore: readonly Component[]): RestartResult =>
  result.state === 'failed' && unwellBefore.includes(result.component)
    ? { ...result, state: 'unwell' }
    : result;

/** For the way back: those that were restarted, the step that failed, and what was started without us. */
function swapLists({ journal }: Installation, failed: readonly Component[], hasSeen: StartedSince) {
  const touched = [...journal.restarted, ...failed, ...journal.restarts.filter(hasSeen)];
  return { restarts: COMPONENTS.filter((c) => touched.includes(c)), restarted: [] };
}
