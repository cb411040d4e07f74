/** kube-controller-manager stops signing, and gets its manifest back if that, or what depends on it, fails. */
import { CommandError } from '../../errors.ts';
import { type HeldLease, keepAlive } from '../restart/lease.ts';
import { type RestartResult, untilHealthy } from '../restart/restart.ts';
import { changeBack } from './change-back.ts';
import { COMPONENT, problemOf, restartWith, stillSigns } from './change-manifest.ts';
import type { Examination } from './examine.ts';
import { isRemoving, type ReleaseJournal, recordRelease } from './journal.ts';
import type { ForwarderProof, ReleaseDeps } from './options.ts';

export interface Silenced {
  readonly journal: ReleaseJournal;
  readonly restarts: readonly RestartResult[];
}

/** @throws CommandError if it is unhealthy without its keys, or still has them */
export async function stopSigning(
  deps: ReleaseDeps,
  { change }: Pick<Examination, 'change'>,
  journal: ReleaseJournal,
  lease: HeldLease,
): Promise<Silenced> {
  const results: RestartResult[] = [];
  let problem: string | undefined;
  if (stillSigns(deps)) {
    if (change) deps.terminal.progress(`emptying the signing flags in ${change.file} ...`);
    const result = await restartWith(change, deps, lease);
    results.push(result);
    problem = problemOf(result);
  } else problem = await findUnhealthyProblem(deps);
  problem ??= stillSigns(deps) ? 'it still has a CA key' : undefined;
  if (problem === undefined) return { journal: await quietOf(deps, journal), restarts: results };
  return restoreManifest(deps, journal, lease, `${COMPONENT} did not become healthy: ${problem}`);
}

/** An interrupted run may have put the manifest in place. */
async function findUnhealthyProblem(deps: ReleaseDeps): Promise<string | undefined> {
  try {
    await untilHealthy(COMPONENT, deps);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

const quietOf = ({ folders }: ReleaseDeps, journal: ReleaseJournal) =>
  isRemoving(journal) ? journal : recordRelease(folders, journal, { phase: 'quiet' });

/**
 * Without this proof, kubelets might get no certificate: the flags have their values again then, even if it is only
 * unknown who signs.
 */
export async function prove(
  deps: ReleaseDeps,
  journal: ReleaseJournal,
  lease: HeldLease,
): Promise<Exclude<ForwarderProof, { state: 'not-served' }>> {
  deps.terminal.progress('requesting a certificate as the kubelet does, to see who signs it ...');
  const keep = keepAlive(lease, deps.clock);
  const proof = await deps.forwarder.prove(keep).catch(notProved);
  if (proof.state !== 'not-served') return proof;
  return restoreManifest(deps, journal, lease, `no forwarder has served a kubelet: ${proof.why}`);
}

const notProved = (error: unknown): ForwarderProof => ({
  state: 'not-served',
  why: messageOf(error),
});

/** No key is gone yet: with its old flags, kube-controller-manager is as it was. @throws CommandError rolled-back */
async function restoreManifest(
  deps: ReleaseDeps,
  journal: ReleaseJournal,
  lease: HeldLease,
  reason: string,
): Promise<never> {
  const { folders, terminal } = deps;
  if (isRemoving(journal) || !journal.manifest)
    throw new CommandError(
      'check-failed',
      `${reason}; no key was removed by this run`,
      'fix the cause, then run the same command again',
    );
  terminal.progress(`${reason}; restoring the manifest`);
  const result = await restartWith(changeBack(journal, folders), deps, lease, 'restore');
  const problem = problemOf(result);
  // a manifest is replaced while its component is stopped, so it stays if that does not stop
  if (changeBack(journal, folders) !== undefined)
    throw new CommandError(
      'failure',
      `${reason}; the manifest could not be restored either (${problem}): its signing flags are empty, and no key was removed`,
      'run cakeless release-keys --undo to restore the flags',
    );
  await recordRelease(folders, journal, { phase: 'undone', reason });
  const how = problem === undefined ? 'runs with it' : `needs attention (${problem})`;
  throw new CommandError(
    'rolled-back',
    `${reason}; the manifest is restored, ${COMPONENT} ${how}, and no key was removed`,
    'fix the cause, then run the same command again',
  );
}
