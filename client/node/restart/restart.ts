/** Restarts components and waits until they are well with the certificates on disk. */
import { dirname } from 'node:path';
import type { Clock } from '../../clock.ts';
import { hostSystemd, type Systemd } from '../../systemd/systemd.ts';
import type { Terminal } from '../../terminal.ts';
import type { Component } from '../disk/components.ts';
import type { NodeFolders } from '../disk/places.ts';
import { findIllness } from './health.ts';
import { HeldManifests } from './held-manifests.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { processesOf } from './processes.ts';
import { type NotRestarted, notOurs, whyNotRestarted } from './restartable.ts';
import { until } from './wait.ts';

export interface RestartWorld {
  readonly folders: NodeFolders;
  readonly stateDir: string;
  readonly terminal: Terminal;
  /** For each wait: until the old container is gone, and until the new one is well. */
  readonly timeoutSeconds: number;
  readonly clock: Clock;
  /** Called again and again while a component is waited for. */
  readonly whileWaiting?: () => void;
  /** Where processes are looked for; /proc where it is left out. */
  readonly proc?: string;
  /** The one of this machine where it is left out. */
  readonly systemd?: Systemd;
  /** KubeletConfiguration; kubeadm's place where it is left out. */
  readonly kubeletConfig?: string;
}

export type RestartResult =
  | { readonly component: Component; readonly state: 'restarted' }
  | NotRestarted
  /**
   * unwell: it was not healthy before anything was changed, and is not now. failed: it was healthy before, or the old
   * files are back.
   */
  | {
      readonly component: Component;
      readonly state: 'unwell' | 'failed';
      readonly reason: string;
    };

export interface StepOptions {
  /** Called before each part that may take its time. What it throws ends the step: the manifests are back then. */
  beforeEach(): Promise<void>;
  /** Whether the others are restarted all the same when this one fails. */
  goesOnWithout(component: Component): boolean;
}

/**
 * Restarts the components of one step: they end in reverse order and come back in order, each when the one before is
 * well. Where it stops at one that fails, those behind it come back unwatched.
 */
export async function restartStep(
  step: readonly Component[],
  world: RestartWorld,
  { beforeEach, goesOnWithout }: StepOptions,
): Promise<RestartResult[]> {
  const held = new HeldManifests(world.stateDir);
  const pods = step.map((component) => podOf(component, world));
  const ended: Pod[] = [];
  const results: RestartResult[] = [];
  try {
    for (const pod of [...pods].reverse()) {
      await beforeEach();
      const failure = await attempt(pod, () => end(pod, held, world));
      if (failure) results.push(failure);
      else ended.unshift(pod);
      if (failure && !goesOnWithout(pod.component)) return results;
    }
    for (const pod of ended) {
      await beforeEach();
      const result = await attempt(pod, () => bringBack(pod, held, world));
      results.push(result);
      if (result.state === 'failed' && !goesOnWithout(pod.component)) return results;
    }
    return results;
  } finally {
    await held.giveAllBack();
  }
}

async function attempt<T>(
  { component }: Pod,
  part: () => Promise<T>,
): Promise<T | (RestartResult & { state: 'failed' })> {
  try {
    return await part();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { component, state: 'failed', reason };
  }
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
  if (component === 'kubelet')
    return whyNotRestarted(component, world) ?? (await restartKubelet(world));
  if (!manifest) return notOurs(component, world);
  await held.giveBack(manifest.file);
  await untilWell(component, world, async () => {
    const now = processesOf(component, world.folders, manifest, world.proc);
    return now.every((id) => before.includes(id)) ? 'no new process of it is seen' : undefined;
  });
  return { component, state: 'restarted' };
}

async function restartKubelet(world: RestartWorld): Promise<RestartResult> {
  const component = 'kubelet';
  const { systemd = hostSystemd } = world;
  world.terminal.progress('restarting kubelet ...');
  await systemd.systemctl('restart', 'kubelet');
  await untilWell(component, world, steadily(systemd));
  return { component, state: 'restarted' };
}

/** Its health endpoint may be turned off (healthzPort: 0), so systemd is asked, too: a kubelet that ends at once is none. */
const STEADY_LOOKS = 5;

function steadily(systemd: Systemd): () => Promise<string | undefined> {
  let looks = 0;
  return async () => {
    try {
      await systemd.systemctl('is-active', '--quiet', 'kubelet');
    } catch (error) {
      looks = 0;
      return error instanceof Error ? error.message : String(error);
    }
    looks += 1;
    return looks < STEADY_LOOKS ? 'it has only just started' : undefined;
  };
}

/**
 * Waits until a component is healthy and serves the certificate that is on disk.
 * @param findMore what else is wrong, once it is
 */
export async function untilWell(
  component: Component,
  world: RestartWorld,
  findMore: () => Promise<string | undefined> = async () => undefined,
): Promise<void> {
  const findProblem = async () =>
    (await findIllness(component, world, 'on-disk')) ?? (await findMore());
  await until(world, `${component} does not become healthy`, findProblem);
  world.terminal.progress(`${component} is healthy`);
}
