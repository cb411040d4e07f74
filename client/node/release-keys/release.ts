/**
 * `cakeless release-keys`: kube-controller-manager stops signing, then the CA keys leave the node. Everything up to the
 * removal can be undone without a file. Each step can be interrupted: the next run looks at what is on disk, and resumes.
 */
import { existsSync } from 'node:fs';
import { CommandError } from '../../errors.ts';
import { findKeyCopies } from '../disk/key-copies.ts';
import { type NodeFolders, stateDirOf } from '../disk/places.ts';
import { listInstallations } from '../install/journal.ts';
import { acquireLease } from '../restart/acquire-lease.ts';
import { returnManifests } from '../restart/held-manifests.ts';
import type { HeldLease } from '../restart/lease.ts';
import { requireVisibleProcesses } from '../restart/preconditions.ts';
import { requireProc } from '../restart/processes.ts';
import { withRunLock } from '../state/run-lock.ts';
import { COMPONENT, NO_OTHER_WAY, stillSigns } from './change-manifest.ts';
import { type Examination, examine } from './examine.ts';
import {
  isRemoving,
  newRelease,
  openRelease,
  type ReleaseJournal,
  recordRelease,
} from './journal.ts';
import { removeKeyFile } from './key-files.ts';
import type { ReleaseDeps, ReleaseOptions } from './options.ts';
import { recipientRefusals } from './recipient-key.ts';
import type { ReleaseReport } from './report.ts';
import { requireNewFile, requireSealPlace, sealKeys } from './sealed-file.ts';
import { prove, stopSigning } from './stop-signing.ts';

/** What `releaseKeys` would do, and why it would refuse. Writes nothing. */
export async function previewRelease(
  deps: ReleaseDeps,
  options: ReleaseOptions,
): Promise<ReleaseReport> {
  if (options.seal) requireSealPlace(options.seal.file, deps.folders);
  const found = await examine(deps, false);
  const forwarder = needsForwarder(found) ? await findForwarder(deps, options) : NO_FORWARDER;
  const isNothing = found.keys.length === 0 && found.flags.length === 0;
  if (options.seal && !isNothing)
    requireNewFile(options.seal.file, openRelease(deps.folders)?.sealed);
  return {
    ...aboutThis(deps, found),
    copies: findKeyCopies(deps.folders),
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
  requireProc(folders, NO_OTHER_WAY);
  return withRunLock(folders, async () => {
    await returnManifests(stateDir, folders);
    await requireVisibleProcesses([COMPONENT], deps, NO_OTHER_WAY);
    refuseUnfinished(folders);
    const earlier = openRelease(folders);
    if (options.seal) requireSealPlace(options.seal.file, folders);
    const found = await examine(deps, earlier !== undefined);
    refuse([...found.refusals, ...refusalsOfSeal(deps, options)]);
    if (found.keys.length === 0 && !stillSigns(deps)) return finishEmpty(deps, found, earlier);
    refuseToSealTheRest(earlier, options);
    if (options.seal) requireNewFile(options.seal.file, earlier?.sealed);
    const isProved = (earlier && isRemoving(earlier)) || !needsForwarder(found);
    const forwarder = isProved ? NO_FORWARDER : await findForwarder(deps, options);
    refuse(forwarder.obstacles);
    return run(deps, options, { found, earlier, isProved, forwarder: forwarder.known });
  });
}

interface Run {
  readonly found: Examination;
  /** An interrupted run. */
  readonly earlier: ReleaseJournal | undefined;
  /** Whether nothing has to be proved: an earlier run did, or there is no signer to lose. */
  readonly isProved: boolean;
  /** What shows that kubelets are served, if it is known already. */
  readonly forwarder: string | undefined;
}

async function run(
  deps: ReleaseDeps,
  options: ReleaseOptions,
  { found, earlier, isProved, forwarder }: Run,
): Promise<ReleaseReport> {
  const report = { ...aboutThis(deps, found), dryRun: false, refusals: [], keys: [] };
  const {
    journal: quiet,
    restarts,
    proof,
  } = await withLease(deps, async (lease) => {
    const journal = await openJournal(deps, found, earlier);
    const silenced = await stopSigning(deps, found, journal, lease);
    const isKnown = isProved || forwarder !== undefined;
    const shown = isKnown ? undefined : await prove(deps, silenced.journal, lease);
    return { ...silenced, proof: shown };
  });
  if (proof?.state === 'signed-by-another')
    return { ...report, state: 'waiting', restarts, copies: findKeyCopies(deps.folders) };
  const by = proof?.by ?? forwarder;
  const proved =
    by === undefined ? quiet : await recordRelease(deps.folders, quiet, { forwarder: by });
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
function refuseUnfinished(folders: NodeFolders): void {
  const unfinished = listInstallations(stateDirOf(folders)).filter(
    ({ journal: { phase } }) => phase !== 'done' && phase !== 'undone',
  );
  if (unfinished.length > 0)
    throw new CommandError(
      'usage',
      `installation ${unfinished.map(({ journal }) => journal.id).join(', ')} was interrupted; nothing was changed`,
      'run cakeless renew all first, which resumes it',
    );
  if (openRelease(folders)?.phase === 'undoing')
    throw new CommandError(
      'usage',
      'release-keys --undo was interrupted; nothing was changed',
      'run it again with the same files',
    );
}

function refuseToSealTheRest(earlier: ReleaseJournal | undefined, { seal }: ReleaseOptions): void {
  if (!earlier || !isRemoving(earlier) || !seal || earlier.sealed?.file === seal.file) return;
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
  try {
    const served = await forwarder.findServed();
    const obstacles = served === undefined ? await forwarder.findObstacles() : [];
    return { known: served, obstacles };
  } catch (error) {
    // one reason among the others
    if (!(error instanceof CommandError)) throw error;
    const hint = error.hint === undefined ? '' : `; ${error.hint}`;
    return { known: undefined, obstacles: [`${error.message}${hint}`] };
  }
}

/** One that was interrupted is continued, with what is on disk now. */
function openJournal(
  { folders, clock }: ReleaseDeps,
  { keys, flags, change }: Examination,
  earlier: ReleaseJournal | undefined,
): Promise<ReleaseJournal> {
  const manifest = change && {
    ...{ file: change.file, mode: change.mode, uid: change.uid, gid: change.gid },
    before: change.before.toString('base64'),
    after: change.content.toString('base64'),
  };
  if (!earlier) {
    const first = { ...newRelease(folders, clock.now()), phase: 'prepared' as const };
    return recordRelease(folders, {
      ...first,
      flags: [...flags],
      keys: [...keys],
      ...(manifest && { manifest }),
    });
  }
  return recordRelease(folders, earlier, {
    ...(!isRemoving(earlier) && { phase: 'prepared', keys: [...keys] }),
    ...(manifest && { manifest, flags: [...flags] }),
  });
}

/** Someone removed the keys and emptied the flags, or a run was interrupted after its last removal. */
async function finishEmpty(
  deps: ReleaseDeps,
  found: Examination,
  earlier: ReleaseJournal | undefined,
): Promise<ReleaseReport> {
  const removed = earlier && isRemoving(earlier) ? earlier : undefined;
  if (removed) await recordRelease(deps.folders, removed, { phase: 'done' });
  return {
    ...aboutThis(deps, found),
    dryRun: false,
    refusals: [],
    restarts: [],
    state: removed ? 'released' : 'nothing',
    keys: removed ? removed.keys.map(({ file }) => file) : [],
    forwarder: earlier?.forwarder,
    sealed: earlier?.sealed,
    copies: findKeyCopies(deps.folders),
  };
}

async function removeKeys(
  deps: ReleaseDeps,
  { seal }: ReleaseOptions,
  journal: ReleaseJournal,
): Promise<{ readonly journal: ReleaseJournal; readonly removed: readonly string[] }> {
  const { folders, terminal } = deps;
  let current = journal;
  if (!isRemoving(current)) {
    if (seal && current.keys.length > 0)
      await sealKeys(deps, current.keys, seal, current.sealed, async (sealed) => {
        current = await recordRelease(folders, current, { sealed });
      });
    current = await recordRelease(folders, current, { phase: 'removing' });
  }
  for (const key of current.keys)
    if (await removeKeyFile(key)) terminal.progress(`removed ${key.file}`);
  const done = await recordRelease(folders, current, { phase: 'done' });
  return { journal: done, removed: done.keys.map(({ file }) => file) };
}
