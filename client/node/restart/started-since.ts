/**
 * Which components were started since new files came. A kubelet starts what ends by itself, and controllers do when they
 * lose their lease, as they may while the API server beside them is restarted: such a one has read the new files, though
 * nobody here restarted it.
 */
import { COMPONENTS, type Component } from '../disk/components.ts';
import { readManifest } from './manifest.ts';
import { processesOf } from './processes.ts';
import type { RestartWorld } from './restart.ts';

export type StartedSince = (component: Component) => boolean;

/** To be called before the files change. What is down at the moment of asking counts as started. */
export function noteStarts({ folders, proc }: RestartWorld): StartedSince {
  const now = (component: Component) =>
    processesOf(component, folders, readManifest(component, folders), proc).join();
  const before = new Map(COMPONENTS.map((component) => [component, now(component)]));
  return (component) => now(component) !== before.get(component);
}
