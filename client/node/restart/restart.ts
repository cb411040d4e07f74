/** Restarts components and waits until they are well with the certificates on disk. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../clock.ts';
import type { Terminal } from '../../terminal.ts';
import type { NodeFolders } from '../places.ts';
import type { Component } from './components.ts';
import { findIllness } from './health.ts';
import { HeldManifests } from './held-manifests.ts';
import { type Manifest, manifestsFolder, readManifest } from './manifest.ts';
import { areOthersSeen, mayRunOtherwise, processesOf } from './processes.ts';
import { until } from './wait.ts';

const run = promisify(execFile);

export interface RestartWorld {
  readonly folders: NodeFolders;
  readonly stateDir: string;
  readonly terminal: Terminal;
  /** For each wait: until the old container is gone, and until the new one is well. */
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  /** Where processes are looked for; /proc where it is left out. */
  readonly proc?: string;
}

export type RestartResult =
  /** not-here: nothing of it runs on this node. */
  | { readonly component: Component; readonly state: 'restarted' | 'not-here' }
  /** by-hand: it may run here, and not in a way that this command can restart. */
  | {
      readonly component: Component;
      readonly state: 'by-hand' | 'failed';
      readonly reason: string;
    };

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
  const pods = step.map((component) => podOf(component, world));
  let current = step[0] ?? 'kubelet';
  try {
    for (const pod of [...pods].reverse()) {
      current = pod.component;
      await beforeEach();
      await end(pod, held, world);
    }
    for (const pod of pods) {
      current = pod.component;
      await beforeEach();
      results.push(await bringBack(pod, held, world));
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    results.push({ component: current, state: 'failed', reason });
  } finally {
    await held.giveAllBack();
  }
  return results;
}

interface Pod {
  readonly component: Component;
  /** undefined where it is no static pod. */
  readonly manifest: Manifest | undefined;
  /** Its processes before the restart. */
  readonly before: readonly string[];
}

function podOf(component: Component, { folders, proc }: RestartWorld): Pod {
  const manifest = component === 'kubelet' ? undefined : readManifest(component, folders);
  const before = manifest ? processesOf(component, folders, manifest, proc) : [];
  return { component, manifest, before };
}

/** The kubelet looks for manifests at least this often (fileCheckFrequency of KubeletConfiguration). */
const KUBELET_LOOKS_SECONDS = 20;

/** Until its processes are gone. */
async function end(pod: Pod, held: HeldManifests, world: RestartWorld): Promise<void> {
  const { component, manifest, before } = pod;
  if (!manifest) return;
  const folder = dirname(manifest.file);
  world.terminal.progress(`restarting ${component}: its manifest goes out of ${folder} ...`);
  await held.takeOut(manifest.file);
  if (before.length === 0) {
    // one that is down: the kubelet has to see that it is gone, to start it anew without its back-off
    const seconds = Math.min(KUBELET_LOOKS_SECONDS, world.timeoutSeconds);
    return world.clock.sleep(seconds * 1000);
  }
  await until(world, `${component} does not stop`, async () => {
    const now = processesOf(component, world.folders, manifest, world.proc);
    const running = now.filter((id) => before.includes(id));
    return running.length > 0 ? `process ${running.join(', ')} is still there` : undefined;
  });
}

async function bringBack(
  { component, manifest, before }: Pod,
  held: HeldManifests,
  world: RestartWorld,
): Promise<RestartResult> {
  if (component === 'kubelet') return restartKubelet(world);
  if (!manifest) return withoutManifest(component, world);
  await held.giveBack(manifest.file);
  await untilWell(component, world, () => {
    const now = processesOf(component, world.folders, manifest, world.proc);
    return now.every((id) => before.includes(id)) ? 'no new process of it is seen' : undefined;
  });
  return { component, state: 'restarted' };
}

function withoutManifest(component: Component, { folders, proc }: RestartWorld): RestartResult {
  if (!mayRunOtherwise(component, folders, proc)) return { component, state: 'not-here' };
  const reason = areOthersSeen(proc)
    ? `it runs here, and there is no ${component}.yaml in ${manifestsFolder(folders)}`
    : `there is no ${component}.yaml in ${manifestsFolder(folders)}, and whether it runs is not seen in /proc`;
  return { component, state: 'by-hand', reason };
}

async function restartKubelet(world: RestartWorld): Promise<RestartResult> {
  const component = 'kubelet';
  if (!existsSync('/run/systemd/system')) {
    if (!mayRunOtherwise(component, world.folders, world.proc))
      return { component, state: 'not-here' };
    return { component, state: 'by-hand', reason: 'there is no systemd here' };
  }
  world.terminal.progress('restarting kubelet ...');
  await run('systemctl', ['restart', 'kubelet']);
  await untilWell(component, world);
  return { component, state: 'restarted' };
}

/**
 * Waits until a component is healthy and serves the certificate that is on disk.
 * @param findMore what else is wrong, once it is
 */
export async function untilWell(
  component: Component,
  world: RestartWorld,
  findMore: () => string | undefined = () => undefined,
): Promise<void> {
  const findProblem = async () =>
    (await findIllness(component, world.folders, 'on-disk')) ?? findMore();
  await until(world, `${component} does not become healthy`, findProblem);
  world.terminal.progress(`${component} is healthy`);
}
