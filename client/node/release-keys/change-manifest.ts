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

/** What can be done instead of a restart that is verified, as the end of a hint: nothing, keys are at stake. */
export const NO_OTHER_WAY = '';

/**
 * @param manifest the new one; undefined restarts it with the one in place
 * @param purpose to restore continues without the lease, as a rollback does
 * @throws CommandError pending if the lease is lost
 */
export async function restartWith(
  manifest: HeldContent | undefined,
  deps: RestartDeps,
  lease: HeldLease,
  purpose: 'change' | 'restore' = 'change',
): Promise<RestartResult> {
  const manifests = new Map(manifest ? [[COMPONENT, manifest] as const] : []);
  const beforeEach = () => extendLease(lease, deps, purpose);
  const options = { beforeEach, continuesWithout: () => false, manifests };
  const [result] = await restartStep([COMPONENT], keepingLease(deps, lease), options);
  if (result) return result;
  throw new CommandError('failure', `${COMPONENT}: there is nothing to restart`);
}

async function extendLease(
  lease: HeldLease,
  { terminal }: RestartDeps,
  purpose: 'change' | 'restore',
): Promise<void> {
  try {
    await lease.extend();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (purpose === 'change')
      throw new CommandError(
        'pending',
        `${why}: ${COMPONENT} may have its new manifest already, and no key was removed`,
        'run the same command again to resume',
      );
    terminal.progress(`${why}; the old manifest is restored, so the restart continues`);
  }
}

/** What went wrong with a restart; undefined if nothing did. */
export const problemOf = (result: RestartResult): string | undefined =>
  result.state === 'restarted' ? undefined : 'reason' in result ? result.reason : result.state;

/** Whether its manifest, or one of its processes, has something to sign with. */
export function stillSigns(deps: Pick<RestartDeps, 'folders' | 'proc'>): boolean {
  const { folders, proc } = deps;
  if ((signingFlags(folders)?.flags ?? []).length > 0) return true;
  const processes = argumentsOf(COMPONENT, folders, readManifest(COMPONENT, folders), proc);
  return processes.some((words) =>
    [...signingFlagsIn(words).values()].some((value) => value !== ''),
  );
}
