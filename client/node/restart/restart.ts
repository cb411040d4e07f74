/** Restarts components and waits until they are well with the certificates on disk. */
import { dirname } from 'node:path';
import { hostSystemd, type Systemd } from '../../systemd/systemd.ts';
import type { Terminal } from '../../terminal.ts';
import type { NodeFolders } from '../places.ts';
import type { Component } from './components.ts';
import { askHealth, probesOf } from './health.ts';
import { HeldManifests } from './held-manifests.ts';
import { readManifest } from './manifest.ts';
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

/**
 * Restarts the components of one step: they end in reverse order and come back in order, each when the one before is
 * well. Stops at the first one that fails; those behind it come back unwatched.
 * @param beforeEach called before each part that may take its time
 */
export async function restartStep(
  step: readonly Component[],
  world: RestartWorld,
  beforeEach: () => Promise<void>,
): Promise<RestartResult[]> {
  const held = new HeldManifests(world.stateDir);
  const results: RestartResult[] = [];
  const pods = step.map((component) => ({
    component,
    manifest: component === 'kubelet' ? undefined : readManifest(component, world.folders),
  }));
  let current = step[0] ?? 'kubelet';
  try {
    for (const { component, manifest } of [...pods].reverse()) {
      current = component;
      await beforeEach();
      if (manifest) await end(component, manifest.file, held, world);
    }
    for (const { component, manifest } of pods) {
      current = component;
      await beforeEach();
      results.push({ component, state: await bringBack(component, manifest?.file, held, world) });
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    results.push({ component: current, state: 'failed', reason });
  } finally {
    await held.giveAllBack();
  }
  return results;
}

/** Until its processes are gone. */
async function end(
  component: Component,
  file: string,
  held: HeldManifests,
  world: RestartWorld,
): Promise<void> {
  world.terminal.progress(`restarting ${component}: its manifest goes out of ${dirname(file)} ...`);
  const before = processesOf(component, world.folders);
  await held.takeOut(file);
  await until(world, `${component} does not stop`, async () => {
    const running = processesOf(component, world.folders).filter((id) => before.includes(id));
    return running.length > 0 ? `process ${running.join(', ')} is still there` : undefined;
  });
}

async function bringBack(
  component: Component,
  file: string | undefined,
  held: HeldManifests,
  world: RestartWorld,
): Promise<'restarted' | 'not-here' | 'by-hand'> {
  if (component === 'kubelet') return restartKubelet(world);
  if (file === undefined) return 'not-here';
  await held.giveBack(file);
  await untilWell(component, world);
  return 'restarted';
}

async function restartKubelet(world: RestartWorld): Promise<'restarted' | 'by-hand'> {
  const { systemd = hostSystemd } = world;
  if (!systemd.isRunning()) return 'by-hand';
  world.terminal.progress('restarting kubelet ...');
  await systemd.systemctl('restart', 'kubelet');
  await untilWell('kubelet', world);
  return 'restarted';
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
