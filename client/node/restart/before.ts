/** What components are like before anything is changed. */
import { CommandError, EXIT } from '../../exit-codes.ts';
import type { Component } from './components.ts';
import { findIllness } from './health.ts';
import { readManifest } from './manifest.ts';
import { areOthersSeen, processesOf } from './processes.ts';
import type { RestartWorld } from './restart.ts';

/**
 * A static pod whose processes can't be seen would be called restarted whether it was or not.
 * @throws CommandError that names those that run unseen
 */
export async function checkSeen(
  components: readonly Component[],
  { folders, proc }: RestartWorld,
): Promise<void> {
  const unseen: Component[] = [];
  for (const component of components) {
    const manifest = component === 'kubelet' ? undefined : readManifest(component, folders);
    if (!manifest || processesOf(component, folders, manifest, proc).length > 0) continue;
    // one that is down has no process, where processes are seen at all
    const isDown =
      areOthersSeen(proc) && (await findIllness(component, folders, 'any')) !== undefined;
    if (!isDown) unseen.push(component);
  }
  if (unseen.length === 0) return;
  throw new CommandError(
    EXIT.usage,
    `no process of ${unseen.join(', ')} is seen in /proc: nobody could tell whether it was restarted; nothing was changed`,
    'run it where the node’s processes are seen, not in a container nor with hidepid; or say --no-restart and restart it yourself',
  );
}
