/** Finishes or undoes what an interrupted run left, before anything new begins. */
import {
  type Installation,
  listInstallations,
  pruneInstallations,
  type RecordedInstallation,
} from '../install/journal.ts';
import { ownInstallation } from '../install/own-installation.ts';
import type { RestartedInstallation } from '../install/restart-components.ts';
import type { RestartDeps } from '../restart/deps.ts';
import { requireEtcdQuorum } from '../restart/etcd-quorum.ts';
import { returnManifests } from '../restart/held-manifests.ts';
import type { HeldLease } from '../restart/lease.ts';
import { isStaticPod } from '../restart/needed-restarts.ts';
import { rollBackInstallation } from '../rollback/roll-back-installation.ts';
import { completeInstallation } from './complete-installation.ts';
import { leaseFor, type RenewalDeps } from './options.ts';
import { sweepRequests } from './request-journal.ts';

export function unfinishedInstallations(stateDir: string): RecordedInstallation[] {
  return listInstallations(stateDir).filter(
    ({ journal: { phase } }) => phase !== 'done' && phase !== 'undone',
  );
}

/** With the restart lease, if a component of the control plane has to be restarted. */
export const recoverFirst = (deps: RenewalDeps): Promise<RestartedInstallation[]> =>
  recover(deps, async (unfinished) =>
    // a kubelet needs no lease, and a worker cannot get one
    unfinished.some(({ journal }) => journal.restarts.some((one) => isStaticPod(one, deps)))
      ? leaseFor(deps)
      : undefined,
  );

/** @throws CommandError as `completeInstallation` and `rollBackInstallation` do */
export async function recover(
  deps: RestartDeps,
  lease: (unfinished: readonly Installation[]) => Promise<HeldLease | undefined>,
): Promise<RestartedInstallation[]> {
  const returned = await returnManifests(deps.stateDir, deps.folders);
  for (const component of returned)
    deps.terminal.progress(
      `${component}: put back the manifest that an interrupted run had moved away`,
    );
  const unfinished = unfinishedInstallations(deps.stateDir).map((one) =>
    ownInstallation(one, deps.folders),
  );
  if (unfinished.length === 0) {
    await tidy(deps.stateDir);
    return [];
  }
  const held = await lease(unfinished);
  const recovered: RestartedInstallation[] = [];
  try {
    for (const installation of unfinished) {
      const { id, phase, reason = '' } = installation.journal;
      deps.terminal.progress(`installation ${id} was interrupted (${phase}); resuming`);
      // components that run with files that no longer exist are restarted anyway
      if (phase !== 'undoing') await requireEtcdQuorum(installation.journal.restarts, deps);
      recovered.push(
        phase === 'undoing'
          ? await rollBackInstallation(installation, reason, deps, held)
          : await completeInstallation(installation, deps, held),
      );
    }
  } finally {
    await held?.release();
  }
  return recovered;
}

/** Never call it before a recovery, which may need what it removes. */
export async function tidy(stateDir: string): Promise<void> {
  await pruneInstallations(stateDir);
  await sweepRequests(stateDir);
}
