/** Restarts the components that use an installation's files, and records in its journal which have been restarted. */
import { CommandError } from '../../errors.ts';
import { COMPONENTS, type Component, stepsOf } from '../disk/components.ts';
import type { RestartDeps } from '../restart/deps.ts';
import { type HeldLease, keepAlive } from '../restart/lease.ts';
import { type RestartResult, restartStep } from '../restart/restart.ts';
import type { StartedSince } from '../restart/started-since.ts';
import { type Installation, record } from './journal.ts';

export interface RestartedInstallation {
  readonly installation: Installation;
  readonly restarts: readonly RestartResult[];
}

/** Renews the lease while it waits for a component. */
export const keepingLease = (deps: RestartDeps, lease: HeldLease | undefined): RestartDeps => ({
  ...deps,
  whileWaiting: keepAlive(lease, deps.clock),
});

/**
 * While new files are installed, it stops at the first component that fails, before it breaks a second one. While old
 * files are restored, it restarts all of them.
 * @param hasStarted which components have read the new files, although this command did not restart them
 */
export async function restartComponents(
  installation: Installation,
  deps: RestartDeps,
  lease: HeldLease | undefined,
  hasStarted: StartedSince = () => false,
): Promise<RestartedInstallation> {
  const { restarts: todo, phase, unhealthyBefore = [] } = installation.journal;
  const isUndoing = phase === 'undoing';
  const continuesWithout = (component: Component) =>
    isUndoing || unhealthyBefore.includes(component);
  const results: RestartResult[] = [];
  let current = installation;
  for (const step of stepsOf(todo)) {
    const beforeEach = () => extendLease(lease, current, deps);
    const found = await restartStep(step, deps, { beforeEach, continuesWithout });
    const done = found.map((result) => tolerateUnhealthyBefore(result, unhealthyBefore));
    results.push(...done);
    if (!isUndoing && done.some(({ state }) => state === 'failed')) {
      const failed = await record(current, restartsForRollback(current, step, hasStarted));
      return { installation: failed, restarts: results };
    }
    const { restarts, restarted } = current.journal;
    current = await record(current, {
      restarts: restarts.filter((other) => !step.includes(other)),
      restarted: [...restarted, ...step],
    });
  }
  return { installation: current, restarts: results };
}

/**
 * Without the lease no new restart begins while new files are installed. A rollback continues: components that run with
 * files that no longer exist must be restarted.
 */
async function extendLease(
  lease: HeldLease | undefined,
  { journal: { phase, restarts } }: Installation,
  { terminal }: RestartDeps,
): Promise<void> {
  try {
    await lease?.extend();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (phase !== 'undoing')
      throw new CommandError(
        'pending',
        `${why}: the new files are installed, but ${restarts.join(', ')} must still be restarted`,
        'run the same command again to resume',
      );
    terminal.progress(`${why}; the old files are restored, so the restarts continue`);
  }
}

const tolerateUnhealthyBefore = (
  result: RestartResult,
  unhealthyBefore: readonly Component[],
): RestartResult =>
  result.state === 'failed' && unhealthyBefore.includes(result.component)
    ? { ...result, state: 'unhealthy' }
    : result;

/** The components that were restarted, those of the step that failed, and those that restarted on their own. */
function restartsForRollback(
  { journal }: Installation,
  failed: readonly Component[],
  hasStarted: StartedSince,
) {
  const touched = [...journal.restarted, ...failed, ...journal.restarts.filter(hasStarted)];
  return { restarts: COMPONENTS.filter((c) => touched.includes(c)), restarted: [] };
}
