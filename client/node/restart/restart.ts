/** Restarts components, and waits until they are healthy with the certificates on disk. */
import { dirname } from 'node:path';
import type { Component } from '../disk/components.ts';
import type { RestartDeps } from './deps.ts';
import { findHealthProblem } from './health.ts';
import { type HeldContent, HeldManifests } from './held-manifests.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { findProcesses } from './processes.ts';
import { describeNotRestartable, type NotRestarted, whyNotRestarted } from './restartable.ts';
import { hostSystemd, type Systemd } from './systemd.ts';
import { until } from './wait.ts';

export type RestartResult =
  | { readonly component: Component; readonly state: 'restarted' }
  | NotRestarted
  /**
   * unhealthy: it was unhealthy before anything was changed, and still is. failed: it was healthy before, or does not
   * become healthy with the restored files.
   */
  | {
      readonly component: Component;
      readonly state: 'unhealthy' | 'failed';
      readonly reason: string;
    };

export interface StepOptions {
  /** Called before each part that can take long. If it throws, the step ends, and the manifests are put back. */
  beforeEach(): Promise<void>;
  /** Whether to restart the others even if this component fails. */
  continuesWithout(component: Component): boolean;
  /** Manifests that change while their components are stopped. */
  readonly manifests?: ReadonlyMap<Component, HeldContent>;
}

/**
 * Restarts the components of one step: they stop in reverse order and start in order, each one when the previous one is
 * healthy. If one fails, the step stops there; the rest are started, but the step does not wait for them.
 */
export async function restartStep(
  step: readonly Component[],
  deps: RestartDeps,
  { beforeEach, continuesWithout, manifests }: StepOptions,
): Promise<RestartResult[]> {
  const held = new HeldManifests(deps.stateDir);
  const pods = step.map((component) => podOf(component, deps));
  const stopped: Pod[] = [];
  const results: RestartResult[] = [];
  try {
    for (const pod of [...pods].reverse()) {
      await beforeEach();
      const failure = await attempt(pod, () =>
        stop(pod, held, deps, manifests?.get(pod.component)),
      );
      if (failure) results.push(failure);
      else stopped.unshift(pod);
      if (failure && !continuesWithout(pod.component)) return results;
    }
    for (const pod of stopped) {
      await beforeEach();
      const result = await attempt(pod, () => start(pod, held, deps));
      results.push(result);
      if (result.state === 'failed' && !continuesWithout(pod.component)) return results;
    }
    return results;
  } finally {
    await held.putAllBack();
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
  /** undefined if it is not a static pod. */
  readonly manifest: Manifest | undefined;
  /** Its processes before the restart. */
  readonly before: readonly string[];
}

function podOf(component: Component, { folders, proc }: RestartDeps): Pod {
  const manifest = component === 'kubelet' ? undefined : readManifest(component, folders);
  const before = manifest ? findProcesses(component, folders, manifest, proc) : [];
  return { component, manifest, before };
}

/** The kubelet looks for manifests at least this often (fileCheckFrequency of KubeletConfiguration). */
const KUBELET_CHECK_SECONDS = 20;

/** Moves the manifest away, and waits until the processes are gone. @param next what replaces it then */
async function stop(
  pod: Pod,
  held: HeldManifests,
  deps: RestartDeps,
  next: HeldContent | undefined,
): Promise<void> {
  const { component, manifest, before } = pod;
  if (!manifest) return;
  const folder = dirname(manifest.file);
  deps.terminal.progress(`restarting ${component}: moving its manifest out of ${folder} ...`);
  await held.takeOut(manifest.file);
  if (before.length === 0) {
    // it is down: the kubelet must notice that the manifest is gone, to start it again without its back-off
    const seconds = Math.min(KUBELET_CHECK_SECONDS, deps.timeoutSeconds);
    await deps.clock.sleep(seconds * 1000);
  } else await untilGone(pod, deps);
  if (next) await held.replace(manifest.file, next);
}

async function untilGone({ component, manifest, before }: Pod, deps: RestartDeps): Promise<void> {
  await until(deps, `${component} does not stop`, async () => {
    const now = findProcesses(component, deps.folders, manifest, deps.proc);
    const running = now.filter((id) => before.includes(id));
    return running.length > 0 ? `process ${running.join(', ')} is still running` : undefined;
  });
}

/** Puts the manifest back, or restarts the kubelet, and waits until the component is healthy. */
async function start(
  { component, manifest, before }: Pod,
  held: HeldManifests,
  deps: RestartDeps,
): Promise<RestartResult> {
  if (component === 'kubelet')
    return whyNotRestarted(component, deps) ?? (await restartKubelet(deps));
  if (!manifest) return describeNotRestartable(component, deps);
  await held.putBack(manifest.file);
  await untilHealthy(component, deps, async () => {
    // read again: it may have changed
    const current = readManifest(component, deps.folders);
    const now = findProcesses(component, deps.folders, current, deps.proc);
    return now.every((id) => before.includes(id)) ? 'no new process has started' : undefined;
  });
  return { component, state: 'restarted' };
}

async function restartKubelet(deps: RestartDeps): Promise<RestartResult> {
  const component = 'kubelet';
  const { systemd = hostSystemd } = deps;
  deps.terminal.progress('restarting kubelet ...');
  await systemd.systemctl('restart', 'kubelet');
  await untilHealthy(component, deps, staysActive(systemd));
  return { component, state: 'restarted' };
}

/** The health endpoint may be turned off (healthzPort: 0), so systemd also has to report the kubelet as active. */
const ACTIVE_CHECKS = 5;

function staysActive(systemd: Systemd): () => Promise<string | undefined> {
  let checks = 0;
  return async () => {
    try {
      await systemd.systemctl('is-active', '--quiet', 'kubelet');
    } catch (error) {
      checks = 0;
      return error instanceof Error ? error.message : String(error);
    }
    checks += 1;
    return checks < ACTIVE_CHECKS ? 'it has only just started' : undefined;
  };
}

/**
 * Waits until a component is healthy and serves the certificate on disk.
 * @param findAnotherProblem called once it is
 */
export async function untilHealthy(
  component: Component,
  deps: RestartDeps,
  findAnotherProblem: () => Promise<string | undefined> = async () => undefined,
): Promise<void> {
  const findProblem = async () =>
    (await findHealthProblem(component, deps, 'on-disk')) ?? (await findAnotherProblem());
  await until(deps, `${component} does not become healthy`, findProblem);
  deps.terminal.progress(`${component} is healthy`);
}
