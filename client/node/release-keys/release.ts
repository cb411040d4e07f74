/**
 * `cakeless release-keys`: kube-controller-manager stops signing, then the CA keys leave the node. Everything up to the
 * removal can be undone without a file. Each step can be interrupted: the next run looks at what is on disk, and resumes.
 */
import { existsSync } from 'node:fs';
import { CommandError } from '../../errors.ts';
import { findKeyCopies } from '../disk/key-copies.ts';
import { listInstallations } from '../install/journal.ts';
import { acquireLease } from '../restart/acquire-lease.ts';
import { returnManifests } from '../restart/held-manifests.ts';
import { type HeldLease, keepAlive } from '../restart/lease.ts';
import { requireVisibleProcesses } from '../restart/preconditions.ts';
import { requireProc } from '../restart/processes.ts';
import { type RestartResult, untilHealthy } from '../restart/restart.ts';
import { withRunLock } from '../state/run-lock.ts';
import { changeBack } from './change-back.ts';
import { COMPONENT, restartWith, stillSigns } from './change-manifest.ts';
import { type Examination, examine } from './examine.ts';
import { newRelease, openRelease, type ReleaseJournal, recordRelease } from './journal.ts';
import { removeKeyFile } from './key-files.ts';
import type { ForwarderProof, ReleaseDeps, ReleaseOptions } from './options.ts';
import { recipientRefusals } from './recipient-key.ts';
import type { ReleaseReport } from './report.ts';
import { requireSealPlace, sealKeys } from './sealed-file.ts';

/** What `releaseKeys` would do, and why it would refuse. Writes nothing. */
export async function previewRelease(
  deps: ReleaseDeps,
  options: ReleaseOptions,
): Promise<ReleaseReport> {
  if (options.seal) requireSealPlace(options.seal.file, deps.folders);
  const found = await examine(deps, false);
  const forwarder = needsForwarder(found) ? await findForwarder(deps, options) : NO_FORWARDER;
  const isNothing = found.keys.length === 0 && found.flags.length === 0;
  return {
    ...aboutThis(deps, found),
    dryRun: true,
    state: isNothing && found.refusals.length === 0 ? 'nothing' : 'planned',
    keys: found.keys.map(({ file }) => file),
    forwarder: forwarder.known,
    sealed: options.seal && { file: options.seal.file, recipient: options.seal.recipient.text },
    restarts: [],
    refusals: [...found.refusals, ...refusalsOfSeal(deps, options), ...forwarder.obstacles],
  };
}

/** @throws CommandError with every reason, if it refuses; rolled-back if it changed kube-controller-manager in vain */
export async function releaseKeys(
  deps: ReleaseDeps,
  options: ReleaseOptions,
): Promise<ReleaseReport> {
  const { folders, stateDir } = deps;
  requireProc(folders);
  if (options.seal) requireSealPlace(options.seal.file, folders);
  return withRunLock(folders, async () => {
    await returnManifests(stateDir, folders);
    refuseUnfinished(stateDir);
    const earlier = openRelease(stateDir);
    const found = await examine(deps, earlier !== undefined);
    refuse([...found.refusals, ...refusalsOfSeal(deps, options)]);
    if (found.keys.length === 0 && !stillSigns(deps)) return finishEmpty(deps, found, earlier);
    refuseToSealTheRest(earlier, options);
    const isProved = earlier?.phase === 'removing' || !needsForwarder(found);
    const forwarder = isProved ? NO_FORWARDER : await findForwarder(deps, options);
    refuse(forwarder.obstacles);
    const journal = await openJournal(deps, found, earlier);
    return run(deps, options, { found, journal, isProved, forwarder: forwarder.known });
  });
}

interface Run {
  readonly found: Examination;
  readonly journal: ReleaseJournal;
  /** Whether nothing has to be proved: an earlier run did, or there is no signer to lose. */
  readonly isProved: boolean;
  /** What shows that kubelets are served, if it is known already. */
  readonly forwarder: string | undefined;
}

async function run(
  deps: ReleaseDeps,
  options: ReleaseOptions,
  { found, journal, isProved, forwarder }: Run,
): Promise<ReleaseReport> {
  await requireVisibleProcesses([COMPONENT], deps);
  const report = { ...aboutThis(deps, found), dryRun: false, refusals: [], keys: [] };
  const {
    journal: quiet,
    restarts,
    proof,
  } = await withLease(deps, async (lease) => {
    const silenced = await stopSigning(deps, found, journal, lease);
    const isKnown = isProved || forwarder !== undefined;
    const shown = isKnown ? undefined : await prove(deps, silenced.journal, lease);
    return { ...silenced, proof: shown };
  });
  if (proof?.state === 'signed-by-another')
    return { ...report, state: 'waiting', restarts, copies: findKeyCopies(deps.folders) };
  const by = proof?.by ?? forwarder;
  const proved =
    by === undefined ? quiet : await recordRelease(deps.stateDir, quiet, { forwarder: by });
  const done = await removeKeys(deps, options, proved);
  return {
    ...report,
    state: 'released',
    keys: done.removed,
    forwarder: proved.forwarder,
    sealed: done.journal.sealed,
    restarts,
    copies: findKeyCopies(deps.folders),
  };
}

const isRemovingIn = ({ phase }: ReleaseJournal) => phase === 'removing';

/** Whether there is a signer to lose: flags that name missing files sign nothing. */
const needsForwarder = ({ keys, flags }: Examination) =>
  keys.length > 0 || flags.some(({ value }) => existsSync(value));

async function withLease<T>(
  deps: ReleaseDeps,
  action: (lease: HeldLease) => Promise<T>,
): Promise<T> {
  const lease = await acquireLease(() => deps.lease(), 'run the same command again');
  try {
    return await action(lease);
  } finally {
    await lease.release();
  }
}

const aboutThis = (deps: ReleaseDeps, { flags, leaves }: Examination) => ({
  cluster: deps.cluster,
  node: deps.node,
  flags,
  issuedByService: leaves.map(({ name }) => name),
  copies: findKeyCopies(deps.folders),
});

const refusalsOfSeal = ({ folders }: ReleaseDeps, { seal }: ReleaseOptions): string[] =>
  seal ? recipientRefusals(seal.recipient, folders) : [];

function refuse(reasons: readonly string[]): void {
  if (reasons.length === 0) return;
  throw new CommandError(
    'check-failed',
    ['nothing was changed:', ...reasons],
    'fix each of them, then run the same command again; --dry-run shows them without changing anything',
  );
}

/** Files of a renewal that is half done say nothing about what the service signs. */
function refuseUnfinished(stateDir: string): void {
  const unfinished = listInstallations(stateDir).filter(
    ({ journal: { phase } }) => phase !== 'done' && phase !== 'undone',
  );
  if (unfinished.length > 0)
    throw new CommandError(
      'usage',
      `installation ${unfinished.map(({ journal }) => journal.id).join(', ')} was interrupted; nothing was changed`,
      'run cakeless renew all first, which resumes it',
    );
  if (openRelease(stateDir)?.phase === 'undoing')
    throw new CommandError(
      'usage',
      'release-keys --undo was interrupted; nothing was changed',
      'run it again with the same files',
    );
}

function refuseToSealTheRest(earlier: ReleaseJournal | undefined, { seal }: ReleaseOptions): void {
  if (earlier?.phase !== 'removing' || !seal || earlier.sealed?.file === seal.file) return;
  throw new CommandError(
    'usage',
    `--seal-out ${seal.file}: an interrupted run has begun to remove the keys${earlier.sealed ? `, after it sealed them to ${earlier.sealed.file}` : ' without sealing them'}`,
    'run the command without --seal-to and --seal-out to finish it',
  );
}

interface ForwarderState {
  readonly known: string | undefined;
  readonly obstacles: readonly string[];
}

const NO_FORWARDER: ForwarderState = { known: undefined, obstacles: [] };

async function findForwarder(
  { forwarder }: ReleaseDeps,
  { withoutForwarder }: ReleaseOptions,
): Promise<ForwarderState> {
  if (withoutForwarder !== undefined)
    return { known: `not needed: ${withoutForwarder}`, obstacles: [] };
  const served = await forwarder.findServed();
  return { known: served, obstacles: served === undefined ? await forwarder.findObstacles() : [] };
}

/** One that was interrupted is continued, with what is on disk now. */
function openJournal(
  { stateDir, clock }: ReleaseDeps,
  { keys, flags, change }: Examination,
  earlier: ReleaseJournal | undefined,
): Promise<ReleaseJournal> {
  const manifest = change && {
    ...{ file: change.file, mode: change.mode, uid: change.uid, gid: change.gid },
    before: change.before.toString('base64'),
    after: change.content.toString('base64'),
  };
  if (!earlier) {
    const first = { ...newRelease(stateDir, clock.now()), phase: 'prepared' as const };
    return recordRelease(stateDir, {
      ...first,
      flags: [...flags],
      keys: [...keys],
      ...(manifest && { manifest }),
    });
  }
  const isRemoving = earlier.phase === 'removing';
  return recordRelease(stateDir, earlier, {
    ...(!isRemoving && { phase: 'prepared', keys: [...keys] }),
    ...(manifest && { manifest, flags: [...flags] }),
  });
}

/** Someone removed the keys and emptied the flags, or a run was interrupted after its last removal. */
async function finishEmpty(
  deps: ReleaseDeps,
  found: Examination,
  earlier: ReleaseJournal | undefined,
): Promise<ReleaseReport> {
  const wasRemoving = earlier?.phase === 'removing';
  if (earlier && wasRemoving) await recordRelease(deps.stateDir, earlier, { phase: 'done' });
  return {
    ...aboutThis(deps, found),
    dryRun: false,
    refusals: [],
    restarts: [],
    state: wasRemoving ? 'released' : 'nothing',
    keys: wasRemoving ? earlier.keys.map(({ file }) => file) : [],
    forwarder: earlier?.forwarder,
    sealed: earlier?.sealed,
  };
}

interface Silenced {
  readonly journal: ReleaseJournal;
  readonly restarts: readonly RestartResult[];
}

async function stopSigning(
  deps: ReleaseDeps,
  { change }: Examination,
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
    return error instanceof Error ? error.message : String(error);
  }
}

const problemOf = (result: RestartResult): string | undefined =>
  result.state === 'restarted' ? undefined : 'reason' in result ? result.reason : result.state;

const quietOf = ({ stateDir }: ReleaseDeps, journal: ReleaseJournal) =>
  isRemovingIn(journal) ? journal : recordRelease(stateDir, journal, { phase: 'quiet' });

/** No key is gone yet: with its old flags, kube-controller-manager is as it was. @throws CommandError rolled-back */
async function restoreManifest(
  deps: ReleaseDeps,
  journal: ReleaseJournal,
  lease: HeldLease,
  reason: string,
): Promise<never> {
  if (isRemovingIn(journal) || !journal.manifest)
    throw new CommandError(
      'check-failed',
      `${reason}; no key was removed by this run`,
      'fix the cause, then run the same command again',
    );
  deps.terminal.progress(`${reason}; restoring the manifest`);
  const result = await restartWith(changeBack(journal, deps.folders), deps, lease);
  await recordRelease(deps.stateDir, journal, { phase: 'undone', reason });
  const problem = problemOf(result);
  const how = problem === undefined ? 'runs with it' : `needs attention (${problem})`;
  throw new CommandError(
    'rolled-back',
    `${reason}; the manifest is restored, ${COMPONENT} ${how}, and no key was removed`,
    'fix the cause, then run the same command again',
  );
}

/** Without this proof, kubelets might get no certificate: the flags have their values again then. */
async function prove(
  deps: ReleaseDeps,
  journal: ReleaseJournal,
  lease: HeldLease,
): Promise<Exclude<ForwarderProof, { state: 'not-served' }>> {
  deps.terminal.progress('requesting a certificate as the kubelet does, to see who signs it ...');
  const keep = keepAlive(lease, deps.clock);
  const proof = await deps.forwarder.prove(keep);
  if (proof.state !== 'not-served') return proof;
  return restoreManifest(deps, journal, lease, `no forwarder has served a kubelet: ${proof.why}`);
}

async function removeKeys(
  deps: ReleaseDeps,
  { seal }: ReleaseOptions,
  journal: ReleaseJournal,
): Promise<{ readonly journal: ReleaseJournal; readonly removed: readonly string[] }> {
  const { stateDir, terminal } = deps;
  let current = journal;
  if (!isRemovingIn(current)) {
    if (seal && current.keys.length > 0)
      await sealKeys(deps, current.keys, seal, current.sealed, async (sealed) => {
        current = await recordRelease(stateDir, current, { sealed });
      });
    current = await recordRelease(stateDir, current, { phase: 'removing' });
  }
  for (const key of current.keys)
    if (await removeKeyFile(key)) terminal.progress(`removed ${key.file}`);
  const done = await recordRelease(stateDir, current, { phase: 'done' });
  return { journal: done, removed: done.keys.map(({ file }) => file) };
}
