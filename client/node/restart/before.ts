/** What components are like before anything is changed. */
import { CommandError } from '../../errors.ts';
import { hostSystemd } from '../../systemd/systemd.ts';
import type { Component } from '../disk/components.ts';
import { findIllness } from './health.ts';
import { readManifest } from './manifest.ts';
import { areOthersSeen, processesOf } from './processes.ts';
import type { RestartWorld } from './restart.ts';
import { until } from './wait.ts';

/**
 * A static pod whose processes can't be seen would be called restarted whether it was or not.
 * @throws CommandError that names those that run unseen
 */
export async function checkSeen(
  components: readonly Component[],
  world: RestartWorld,
): Promise<void> {
  const { folders, proc } = world;
  const unseen: Component[] = [];
  for (const component of components) {
    const manifest = component === 'kubelet' ? undefined : readManifest(component, folders);
    if (!manifest || processesOf(component, folders, manifest, proc).length > 0) continue;
    // one that is down has no process, where processes are seen at all
    const isDown =
      areOthersSeen(proc) && (await findIllness(component, world, 'any')) !== undefined;
    if (!isDown) unseen.push(component);
  }
  if (unseen.length === 0) return;
  throw new CommandError(
    'usage',
    `no process of ${unseen.join(', ')} is seen in /proc: nobody could tell whether it was restarted; nothing was changed`,
    'run it where the node’s processes are seen, not in a container nor with hidepid; or say --no-restart and restart it yourself',
  );
}

/** One that is not well for a moment only, as while it elects a leader, is well. */
const MOMENT_SECONDS = 5;

/** @returns those that are not healthy, and says so: nothing that becomes of them is a reason to go back */
export async function findUnwell(
  components: readonly Component[],
  world: RestartWorld,
): Promise<Component[]> {
  const ill = await Promise.all(components.map((component) => isUnwell(component, world)));
  return components.filter((_, i) => ill[i]);
}

async function isUnwell(component: Component, world: RestartWorld): Promise<boolean> {
  const { folders, systemd = hostSystemd } = world;
  const isOurs =
    component === 'kubelet' ? systemd.isRunning() : readManifest(component, folders) !== undefined;
  if (!isOurs) return false;
  const timeoutSeconds = Math.min(MOMENT_SECONDS, world.timeoutSeconds);
  let problem: string | undefined;
  try {
    await until({ ...world, timeoutSeconds }, component, async () => {
      problem = await findIllness(component, world, 'any');
      return problem;
    });
    return false;
  } catch {
    world.terminal.progress(`${component} is not healthy before anything is changed: ${problem}`);
    return true;
  }
}
