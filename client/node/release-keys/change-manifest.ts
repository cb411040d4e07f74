/** Restarts kube-controller-manager with another manifest, and finds out whether it still signs. */
import { CommandError } from '../../errors.ts';
import type { Component } from '../disk/components.ts';
import { keepingLease } from '../install/restart-components.ts';
import type { RestartDeps } from '../restart/deps.ts';
import type { HeldContent } from '../restart/held-manifests.ts';
import type { HeldLease } from '../restart/lease.ts';
import { readManifest } from '../restart/manifest.ts';
import { argumentsOf } from '../restart/processes.ts';
import { type RestartResult, restartStep } from '../restart/restart.ts';
import { signingFlags, signingFlagsIn } from '../restart/signing-flags.ts';

export const COMPONENT: Component = 'kube-controller-manager';

/** @param manifest the new one; undefined restarts it with the one in place */
export async function restartWith(
  manifest: HeldContent | undefined,
  deps: RestartDeps,
  lease: HeldLease | undefined,
): Promise<RestartResult> {
  const manifests = new Map(manifest ? [[COMPONENT, manifest] as const] : []);
  const beforeEach = async () => lease?.extend();
  const options = { beforeEach, continuesWithout: () => false, manifests };
  const [result] = await restartStep([COMPONENT], keepingLease(deps, lease), options);
  if (result) return result;
  throw new CommandError('failure', `${COMPONENT}: there is nothing to restart`);
}

/** Whether its manifest, or one of its processes, has something to sign with. */
export function stillSigns(deps: Pick<RestartDeps, 'folders' | 'proc'>): boolean {
  const { folders, proc } = deps;
  if ((signingFlags(folders)?.flags ?? []).length > 0) return true;
  const processes = argumentsOf(COMPONENT, folders, readManifest(COMPONENT, folders), proc);
  return processes.some((words) =>
    [...signingFlagsIn(words).values()].some((value) => value !== ''),
  );
}
