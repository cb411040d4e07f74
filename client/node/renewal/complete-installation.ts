/**
 * Completes a prepared installation: waits until all components are healthy with it, and rolls it back if one is not.
 */
import { CommandError } from '../../errors.ts';
import { COMPONENTS, type Component } from '../disk/components.ts';
import { applyInstallation, undoInstallation } from '../install/installation.ts';
import { type Installation, record } from '../install/journal.ts';
import {
  keepingLease,
  type RestartedInstallation,
  restartComponents,
} from '../install/restart-components.ts';
import type { RestartDeps } from '../restart/deps.ts';
import type { HeldLease } from '../restart/lease.ts';
import { isStaticPod } from '../restart/needed-restarts.ts';
import { type RestartResult, untilHealthy } from '../restart/restart.ts';
import { type StartedSince, watchForStarts } from '../restart/started-since.ts';
import { rollBackInstallation } from '../rollback/roll-back-installation.ts';

/**
 * @param reloading components that should reload their files without a restart
 * @throws CommandError rolled-back if the old files were restored; pending if the lease was lost, and the next run
 * resumes
 */
export async function completeInstallation(
  prepared: Installation,
  outer: RestartDeps,
  lease: HeldLease | undefined,
  reloading: readonly Component[] = [],
): Promise<RestartedInstallation> {
  const deps = keepingLease(outer, lease);
  // a run that resumes an applied installation cannot know what started before
  const hasStarted: StartedSince =
    prepared.journal.phase === 'prepared' ? watchForStarts(deps) : () => true;
  const applied = await apply(prepared);
  const notReloaded = await findNotReloaded(reloading, deps);
  const restarts = COMPONENTS.filter((component) =>
    [...applied.journal.restarts, ...notReloaded].includes(component),
  );
  const installation = notReloaded.length > 0 ? await record(applied, { restarts }) : applied;
  const tried = await restartComponents(installation, deps, lease, hasStarted);
  const failed = tried.restarts.find((result) => result.state === 'failed');
  if (failed?.state !== 'failed')
    return { ...tried, installation: await record(tried.installation, { phase: 'done' }) };
  const reason = `${failed.component} did not become healthy: ${failed.reason}`;
  deps.terminal.progress(`${reason}; restoring the old files`);
  const users = [...installation.journal.restarts, ...reloading];
  const usersStarted: StartedSince = (one) => users.includes(one) && hasStarted(one);
  const back = await rollBackInstallation(tried.installation, reason, deps, lease, usersStarted);
  throw new CommandError(
    'rolled-back',
    `${reason}; the old certificates are restored, ${describeRestored(back.restarts)}`,
    'the new certificates are kept: run the same command again once the cause is fixed',
  );
}

function describeRestored(results: readonly RestartResult[]): string {
  const problems = results.flatMap((result) =>
    'reason' in result ? [`${result.component} (${result.reason})`] : [],
  );
  if (problems.length === 0) return 'and the components run with them';
  return `but ${problems.join(', ')} needs attention; see crictl logs or /var/log/pods`;
}

/** A component that should reload its files within seconds, but does not, is restarted like the others. */
const RELOAD_SECONDS = 30;

async function findNotReloaded(
  reloading: readonly Component[],
  deps: RestartDeps,
): Promise<Component[]> {
  const notReloaded: Component[] = [];
  for (const component of reloading) {
    if (!isStaticPod(component, deps)) continue;
    const timeoutSeconds = Math.min(RELOAD_SECONDS, deps.timeoutSeconds);
    try {
      await untilHealthy(component, { ...deps, timeoutSeconds });
    } catch (error) {
      deps.terminal.progress(`${error instanceof Error ? error.message : error}; restarting it`);
      notReloaded.push(component);
    }
  }
  return notReloaded;
}

/** A write error undoes the installation immediately: a full disk leaves the node as it was. */
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
