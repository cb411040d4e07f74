/** The state of components before anything is changed. */
import { CommandError } from '../../errors.ts';
import type { Component } from '../disk/components.ts';
import type { RestartDeps } from './deps.ts';
import { findHealthProblem } from './health.ts';
import { readManifest } from './manifest.ts';
import { findProcesses, NO_RESTART, seesOtherProcesses } from './processes.ts';
import { isRestartable } from './restartable.ts';
import { until } from './wait.ts';

/**
 * If the processes of a static pod are not visible, there is no way to know whether it was restarted.
 * @param otherwise what can be done instead of making them visible, as the end of the hint
 * @throws CommandError that names the components whose processes are not visible
 */
export async function requireVisibleProcesses(
  components: readonly Component[],
  deps: RestartDeps,
  otherwise = NO_RESTART,
): Promise<void> {
  const { folders, proc } = deps;
  const invisible: Component[] = [];
  for (const component of components) {
    const manifest = component === 'kubelet' ? undefined : readManifest(component, folders);
    if (!manifest || findProcesses(component, folders, manifest, proc).length > 0) continue;
    // a component that is down has no process, if processes are visible at all
    const isDown =
      seesOtherProcesses(proc) && (await findHealthProblem(component, deps, 'any')) !== undefined;
    if (!isDown) invisible.push(component);
  }
  if (invisible.length === 0) return;
  throw new CommandError(
    'usage',
    `/proc shows no process of ${invisible.join(', ')}, so a restart could not be verified; nothing was changed`,
    `run cakeless where the node's processes are visible, not in a container and not with hidepid${otherwise}`,
  );
}

/** A component may be briefly unhealthy, for example while it elects a leader. */
const BRIEF_SECONDS = 5;

/** Reports and returns the unhealthy components: if they stay unhealthy, that is no reason to roll back. */
export async function findUnhealthy(
  components: readonly Component[],
  deps: RestartDeps,
): Promise<Component[]> {
  const unhealthy = await Promise.all(components.map((component) => isUnhealthy(component, deps)));
  return components.filter((_, i) => unhealthy[i]);
}

async function isUnhealthy(component: Component, deps: RestartDeps): Promise<boolean> {
  if (!isRestartable(component, deps)) return false;
  const timeoutSeconds = Math.min(BRIEF_SECONDS, deps.timeoutSeconds);
  let problem: string | undefined;
  try {
    await until({ ...deps, timeoutSeconds }, component, async () => {
      problem = await findHealthProblem(component, deps, 'any');
      return problem;
    });
    return false;
  } catch {
    deps.terminal.progress(
      `${component} is already unhealthy; nothing has been changed yet: ${problem}`,
    );
    return true;
  }
}
