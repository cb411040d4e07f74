/**
 * Which components have started since the files changed. The kubelet restarts containers that exit, and controllers
 * exit when they lose their lease, as they may while the API server on their node restarts. Such a component has read
 * the new files, although this command did not restart it.
 */
import { COMPONENTS, type Component } from '../disk/components.ts';
import type { RestartDeps } from './deps.ts';
import { readManifest } from './manifest.ts';
import { findProcesses } from './processes.ts';

export type StartedSince = (component: Component) => boolean;

/** Call it before the files change. A component that is down when the result is called counts as started. */
export function watchForStarts({ folders, proc }: RestartDeps): StartedSince {
  const now = (component: Component) =>
    findProcesses(component, folders, readManifest(component, folders), proc).join();
  const before = new Map(COMPONENTS.map((component) => [component, now(component)]));
  return (component) => now(component) !== before.get(component);
}
