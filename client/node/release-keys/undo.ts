/**
 * `cakeless release-keys --undo`: CA keys and signing flags as they were. Before the keys are removed, no file is needed;
 * after that, files with the keys.
 */
import { createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { CA_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import { readBytesIfThere, readTextIfThere } from '../../read-text.ts';
import { publicKeysIn } from '../disk/fingerprints.ts';
import { findKeyCopies } from '../disk/key-copies.ts';
import { caFileOf, type NodeFolders } from '../disk/places.ts';
import { privateKeyBlocksIn } from '../disk/private-key.ts';
import { acquireLease } from '../restart/acquire-lease.ts';
import { returnManifests } from '../restart/held-manifests.ts';
import type { HeldLease } from '../restart/lease.ts';
import { requireVisibleProcesses } from '../restart/preconditions.ts';
import { requireProc } from '../restart/processes.ts';
import type { RestartResult } from '../restart/restart.ts';
import { withRunLock } from '../state/run-lock.ts';
import { changeBack } from './change-back.ts';
import { COMPONENT, NO_OTHER_WAY, problemOf, restartWith } from './change-manifest.ts';
import { digestOfKey, type ManifestChange } from './examine.ts';
import { lastRelease, type RecordedKey, type ReleaseJournal, recordRelease } from './journal.ts';
import { removeKeyFile, writeKeyFile } from './key-files.ts';
import type { ReleaseDeps } from './options.ts';
import type { ReleaseReport } from './report.ts';

/** A file that the user named, with the keys in it. */
export interface GivenFile {
  readonly file: string;
  readonly text: string;
}

/** @throws CommandError if there is nothing to undo, or a key is missing; then nothing is changed */
export async function undoRelease(
  deps: ReleaseDeps,
  given: readonly GivenFile[],
  dryRun: boolean,
): Promise<ReleaseReport> {
  const { folders, stateDir } = deps;
  if (!dryRun) requireProc(folders, NO_OTHER_WAY);
  const undo = async () => {
    const plan = planUndo(deps, given);
    return dryRun ? reportOf(deps, plan, true, []) : perform(deps, plan);
  };
  if (dryRun) return undo();
  return withRunLock(folders, async () => {
    await returnManifests(stateDir, folders);
    return undo();
  });
}

interface Plan {
  readonly journal: ReleaseJournal;
  /** Keys that are missing, with their new content. */
  readonly keys: readonly { readonly key: RecordedKey; readonly content: Buffer }[];
  /** undefined if the flags have their values. */
  readonly change: ManifestChange | undefined;
}

function planUndo({ stateDir, folders }: ReleaseDeps, given: readonly GivenFile[]): Plan {
  const journal = lastRelease(folders);
  if (!journal)
    throw new CommandError('usage', `nothing to undo: ${stateDir} has no release of CA keys`);
  const keys = givenKeys(given, folders);
  const missing = journal.keys.filter(({ file }) => !existsSync(file));
  const absent = missing.filter(({ publicKey }) => !keys.has(publicKey));
  if (absent.length > 0)
    throw new CommandError(
      'usage',
      ['keys are missing; nothing was changed:', ...absent.map(({ ca, file }) => `${ca}: ${file}`)],
      journal.sealed
        ? `open ${journal.sealed.file} with openssl cms -decrypt -inform PEM -in FILE -inkey RECIPIENT.key -out keys.pem, then give keys.pem after --undo`
        : 'give the files that contain them after --undo',
    );
  refuseOtherCas(missing, folders);
  return {
    journal,
    keys: missing.map((key) => ({ key, content: Buffer.from(keys.get(key.publicKey) ?? '') })),
    change: changeBack(journal, folders),
  };
}

/** By the digest of their public key. @throws CommandError for a file without a key of a CA of this node */
function givenKeys(given: readonly GivenFile[], folders: NodeFolders): Map<string, string> {
  const keys = new Map<string, string>();
  for (const { file, text } of given) {
    const found = privateKeyBlocksIn(text);
    if (found.length === 0)
      throw new CommandError('usage', `${file}: contains no readable private key`);
    for (const { pem, key } of found) keys.set(digestOfKey(createPublicKey(key)), `${pem}\n`);
    const isKnown = found.some(({ key }) => casOf(folders).has(digestOfKey(createPublicKey(key))));
    if (!isKnown)
      throw new CommandError('usage', `${file}: its key belongs to no CA certificate of this node`);
  }
  return keys;
}

function casOf(folders: NodeFolders): Set<string> {
  return new Set(CA_NAMES.flatMap((ca) => keysOfCaFile(caFileOf(ca, folders))));
}

const keysOfCaFile = (file: string): string[] =>
  publicKeysIn(readTextIfThere(file) ?? '').map(digestOfKey);

/** With another CA certificate beside it, kubeadm and kube-controller-manager would fail. */
function refuseOtherCas(keys: readonly RecordedKey[], folders: NodeFolders): void {
  const wrong = keys.filter(
    ({ ca, publicKey }) => !keysOfCaFile(caFileOf(ca, folders)).includes(publicKey),
  );
  if (wrong.length === 0) return;
  throw new CommandError('check-failed', [
    'the CA has changed since its key was removed; nothing was changed:',
    ...wrong.map(({ ca }) => `${caFileOf(ca, folders)}: no certificate in it has the old key`),
  ]);
}

async function perform(deps: ReleaseDeps, plan: Plan): Promise<ReleaseReport> {
  const { folders } = deps;
  const { journal, keys, change } = plan;
  await requireVisibleProcesses([COMPONENT], deps, NO_OTHER_WAY);
  const lease = await acquireLease(() => deps.lease(), 'run the same command again');
  try {
    const undoing = await recordRelease(folders, journal, { phase: 'undoing' });
    // the keys first: kube-controller-manager does not start without the files that its flags name
    for (const { key, content } of keys) await writeKeyFile(key, content);
    // always restarted: an interrupted run may have put the manifest in place
    const result = await restartWith(change, deps, lease);
    const problem = problemOf(result);
    if (problem !== undefined) await giveUp(deps, plan, lease, problem);
    await recordRelease(folders, undoing, {
      phase: 'undone',
      reason: 'cakeless release-keys --undo',
    });
    return reportOf(deps, plan, false, [result]);
  } finally {
    for (const { content } of keys) content.fill(0);
    await lease.release();
  }
}

/** @throws CommandError rolled-back, or failure if the manifest still names the keys, which then stay */
async function giveUp(
  deps: ReleaseDeps,
  { journal, keys, change }: Plan,
  lease: HeldLease,
  why: string,
): Promise<never> {
  const what = `${COMPONENT} did not become healthy with the old flags: ${why}`;
  deps.terminal.progress(`${what}; it stays without CA keys`);
  const problem = change && (await putBack(deps, change, lease));
  // a manifest is replaced while its component is stopped, so it stays if that does not stop
  if (change && !readBytesIfThere(change.file)?.equals(change.before))
    throw new CommandError(
      'failure',
      `${what}; the empty flags could not be restored either (${problem}), so the keys stay`,
      'fix the cause, then run the same command again',
    );
  for (const { key } of keys) await removeKeyFile(key);
  await recordRelease(deps.folders, journal);
  const attention = problem === undefined ? '' : `, and it needs attention (${problem})`;
  throw new CommandError(
    'rolled-back',
    `${what}; flags and keys are as they were before --undo${attention}`,
    'fix the cause, then run the same command again',
  );
}

/** @returns what is wrong then, if anything */
async function putBack(
  deps: ReleaseDeps,
  change: ManifestChange,
  lease: HeldLease,
): Promise<string | undefined> {
  const before = { ...change, content: change.before };
  return problemOf(await restartWith(before, deps, lease, 'restore'));
}

const reportOf = (
  deps: ReleaseDeps,
  { journal, keys, change }: Plan,
  dryRun: boolean,
  restarts: readonly RestartResult[],
): ReleaseReport => ({
  cluster: deps.cluster,
  node: deps.node,
  dryRun,
  state: dryRun ? 'planned' : 'undone',
  flags: change ? journal.flags : [],
  keys: keys.map(({ key }) => key.file),
  issuedByService: [],
  restarts,
  refusals: [],
  copies: findKeyCopies(deps.folders),
});
