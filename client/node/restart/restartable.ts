/** Whether this command can restart a component, or somebody has to, or there is nothing of it here. */
import { hostSystemd } from '../../systemd/systemd.ts';
import type { Component } from '../disk/components.ts';
import { manifestsFolder, readManifest } from './manifest.ts';
import { areOthersSeen, mayRunOtherwise } from './processes.ts';
import type { RestartWorld } from './restart.ts';

/** What this command does not restart. */
export type NotRestarted =
  /** Nothing of it runs on this node. */
  | { readonly component: Component; readonly state: 'not-here' }
  /** It may run here, and not in a way that this command can restart. */
  | { readonly component: Component; readonly state: 'by-hand'; readonly reason: string };

/** undefined where the component is restarted by this command: a static pod, or the kubelet under systemd. */
export function whyNotRestarted(
  component: Component,
  world: RestartWorld,
): NotRestarted | undefined {
  const { folders, systemd = hostSystemd } = world;
  const isOurs =
    component === 'kubelet' ? systemd.isRunning() : readManifest(component, folders) !== undefined;
  return isOurs ? undefined : notOurs(component, world);
}

/** Of a component that is no static pod here, or of a kubelet without systemd. */
export function notOurs(component: Component, { folders, proc }: RestartWorld): NotRestarted {
  if (!mayRunOtherwise(component, folders, proc)) return { component, state: 'not-here' };
  const noManifest = `there is no ${component}.yaml in ${manifestsFolder(folders)}`;
  const reason =
    component === 'kubelet'
      ? 'there is no systemd here'
      : areOthersSeen(proc)
        ? `it runs here, and ${noManifest}`
        : `${noManifest}, and whether it runs is not seen in /proc`;
  return { component, state: 'by-hand', reason };
}
