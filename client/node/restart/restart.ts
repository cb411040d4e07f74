/** Restarts one component and waits until it is well with the certificates on disk. */
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder, syncFolder } from '../../../lib/files/durable-file.ts';
import { hostSystemd, type Systemd } from '../../systemd/systemd.ts';
import type { Terminal } from '../../terminal.ts';
import type { NodeFolders } from '../places.ts';
import type { Component } from './components.ts';
import { askHealth, probesOf } from './health.ts';
import { manifestsFolder, readManifest } from './manifest.ts';
import { processesOf } from './processes.ts';

export interface RestartWorld {
  readonly folders: NodeFolders;
  readonly stateDir: string;
  readonly terminal: Terminal;
  /** For each wait: until the old container is gone, and until the new one is well. */
  readonly timeoutSeconds: number;
  readonly clock: { now(): Date; sleep(milliseconds: number): Promise<void> };
  /** The one of this machine where it is left out. */
  readonly systemd?: Systemd;
}

export type RestartResult =
  | { readonly component: Component; readonly state: 'restarted' | 'not-here' | 'by-hand' }
  | { readonly component: Component; readonly state: 'failed'; readonly reason: string };

const POLL_MS = 500;

export async function restart(component: Component, world: RestartWorld): Promise<RestartResult> {
  try {
    if (component === 'kubelet') return await restartKubelet(world);
    return await restartStaticPod(component, world);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { component, state: 'failed', reason };
  }
}

async function restartStaticPod(component: Component, world: RestartWorld): Promise<RestartResult> {
  const { folders, terminal } = world;
  const manifest = readManifest(component, folders);
  if (!manifest) return { component, state: 'not-here' };
  terminal.progress(
    `restarting ${component}: its manifest goes out of ${dirname(manifest.file)} ...`,
  );
  const before = processesOf(component, folders);
  const giveBack = await hold(manifest.file, world.stateDir);
  try {
    await until(world, `${component} does not stop`, async () => {
      const running = processesOf(component, folders).filter((id) => before.includes(id));
      return running.length > 0 ? `process ${running.join(', ')} is still there` : undefined;
    });
  } finally {
    await giveBack();
  }
  await untilWell(component, world);
  return { component, state: 'restarted' };
}

async function restartKubelet(world: RestartWorld): Promise<RestartResult> {
  const component = 'kubelet';
  const { systemd = hostSystemd } = world;
  if (!systemd.isRunning()) return { component, state: 'by-hand' };
  world.terminal.progress('restarting kubelet ...');
  await systemd.systemctl('restart', 'kubelet');
  await untilWell(component, world);
  return { component, state: 'restarted' };
}

/** Waits until a component is healthy and serves the certificate that is on disk. */
export async function untilWell(component: Component, world: RestartWorld): Promise<void> {
  const manifest = readManifest(component, world.folders);
  await until(world, `${component} does not become healthy`, async () => {
    for (const probe of probesOf(component, manifest, world.folders)) {
      const problem = await askHealth(probe);
      if (problem !== undefined) return problem;
    }
    return undefined;
  });
  world.terminal.progress(`${component} is healthy`);
}

async function until(
  { clock, timeoutSeconds }: RestartWorld,
  what: string,
  findProblem: () => Promise<string | undefined>,
): Promise<void> {
  const deadline = clock.now().getTime() + timeoutSeconds * 1000;
  for (;;) {
    const problem = await findProblem();
    if (problem === undefined) return;
    if (clock.now().getTime() >= deadline)
      throw new Error(`${what} within ${timeoutSeconds} seconds: ${problem}`);
    await clock.sleep(POLL_MS);
  }
}

const heldFolder = (stateDir: string) => join(stateDir, 'held-manifests');

/** Moves a manifest away; a signal that ends this process gives it back first, a kill leaves that to the next run. */
async function hold(file: string, stateDir: string): Promise<() => Promise<void>> {
  const folder = heldFolder(stateDir);
  await makeFolder(folder);
  const aside = join(folder, basename(file));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = () => {
    renameSync(aside, file);
    process.exit(1);
  };
  for (const signal of signals) process.once(signal, onSignal);
  renameSync(file, aside);
  await syncFolder(folder);
  return async () => {
    renameSync(aside, file);
    for (const signal of signals) process.removeListener(signal, onSignal);
    await syncFolder(dirname(file));
  };
}

/** Files that a run which was cut off has left out of the manifests folder. */
export function heldManifests(stateDir: string): string[] {
  const folder = heldFolder(stateDir);
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Puts manifests back that a killed run had moved away. @returns their components */
export async function returnManifests(stateDir: string, folders: NodeFolders): Promise<string[]> {
  const folder = heldFolder(stateDir);
  const held = heldManifests(stateDir);
  for (const name of held) {
    const place = join(manifestsFolder(folders), name);
    // somebody put another one there in the meantime: that one counts
    renameSync(join(folder, name), existsSync(place) ? join(stateDir, `${name}.replaced`) : place);
  }
  if (held.length > 0) await syncFolder(manifestsFolder(folders));
  return held.map((name) => name.replace(/\.yaml$/, ''));
}
