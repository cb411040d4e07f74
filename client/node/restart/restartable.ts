/** Whether this command can restart a component, a person has to do it, or it does not run on this node. */
import type { Component } from '../disk/components.ts';
import type { RestartDeps } from './deps.ts';
import { manifestsFolder, readManifest } from './manifest.ts';
import { isKubeletOfOthers, mayRunOutsideManifests, seesOtherProcesses } from './processes.ts';
import { hostSystemd } from './systemd.ts';

/** A component that this command does not restart. */
export type NotRestarted =
  /** It does not run on this node. */
  | { readonly component: Component; readonly state: 'not-on-this-node' }
  /** It may run on this node, but not in a way that this command can restart. */
  | { readonly component: Component; readonly state: 'by-hand'; readonly reason: string };

/** undefined if this command can restart the component: a static pod, or a kubelet under systemd. */
export function whyNotRestarted(component: Component, deps: RestartDeps): NotRestarted | undefined {
  return isRestartable(component, deps) ? undefined : describeNotRestartable(component, deps);
}

export function isRestartable(
  component: Component,
  { folders, systemd = hostSystemd, proc }: RestartDeps,
): boolean {
  if (component === 'kubelet') return systemd.isRunning() && !isKubeletOfOthers(folders, proc);
  return readManifest(component, folders) !== undefined;
}

/** For a component that is not a static pod of this node, or a kubelet without systemd. */
export function describeNotRestartable(
  component: Component,
  { folders, proc }: RestartDeps,
): NotRestarted {
  if (!mayRunOutsideManifests(component, folders, proc))
    return { component, state: 'not-on-this-node' };
  const reason =
    component === 'kubelet'
      ? 'systemd does not run on this machine'
      : `${manifestsFolder(folders)} has no ${component}.yaml, ${
          seesOtherProcesses(proc) ? 'but it runs' : 'and /proc does not show whether it runs'
        }`;
  return { component, state: 'by-hand', reason };
}
