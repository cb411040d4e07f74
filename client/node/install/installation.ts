/** One all-or-none change of many files: prepared, applied, undone. See `journal.ts` for what survives a kill. */
import { join } from 'node:path';
import { makeFolder, writeAllDurably } from '../../../lib/files/durable-file.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import { CommandError } from '../../errors.ts';
import type { Component } from '../disk/components.ts';
import {
  currentBytes,
  digestOf,
  type FileChange,
  type RecordedChange,
} from '../disk/file-change.ts';
import { type NodeFolders, stateDirOf } from '../disk/places.ts';
import { homeOf, recordedFile } from '../state/home.ts';
import { type Installation, type Journal, nextInstallation, record } from './journal.ts';
import { putInPlace } from './put-in-place.ts';

export interface InstallationPlan {
  readonly names: Journal['names'];
  readonly caData?: readonly CertificateName[];
  readonly cas: Journal['cas'];
  readonly trustDomain?: string | undefined;
  readonly changes: readonly FileChange[];
  readonly restarts: readonly Component[];
  readonly unhealthyBefore?: readonly Component[];
}

/**
 * Writes the contents, old and new, and then the journal. After that the installation is either finished or undone.
 * @throws CommandError if a file changed since its new content was computed; nothing is changed then
 */
export async function prepareInstallation(
  folders: NodeFolders,
  plan: InstallationPlan,
  now: Date,
): Promise<Installation> {
  const { id, folder, sequence } = nextInstallation(stateDirOf(folders), now);
  const home = homeOf(folders);
  await makeFolder(join(folder, 'new'));
  await makeFolder(join(folder, 'old'));
  const files = plan.changes.flatMap(({ content, before }, i) => [
    { path: join(folder, 'new', String(i)), content },
    ...(before === undefined ? [] : [{ path: join(folder, 'old', String(i)), content: before }]),
  ]);
  await writeAllDurably(files);
  const changes = plan.changes.map(({ content, before, ...change }): RecordedChange => {
    const file = recordedFile(change.path, home);
    const digest = before === undefined ? null : digestOf(before);
    return { ...change, file, before: digest, after: digestOf(content) };
  });
  refuseOutdated(plan.changes);
  const journal: Journal = {
    schema: 1,
    id,
    sequence,
    startedAt: now.toISOString(),
    names: plan.names,
    caData: [...(plan.caData ?? [])],
    cas: plan.cas,
    ...(plan.trustDomain !== undefined && { trustDomain: plan.trustDomain }),
    phase: 'prepared',
    restarts: [...plan.restarts],
    restarted: [],
    unhealthyBefore: [...(plan.unhealthyBefore ?? [])],
    home,
    changes: changes.map(({ path, ...recorded }) => recorded),
  };
  return record({ folder, journal, changes }, {});
}

function refuseOutdated(changes: readonly FileChange[]): void {
  const outdated = changes.filter(({ path, isLink, before }) => {
    const now = currentBytes(path, isLink);
    return now && before ? !now.equals(before) : now !== before;
  });
  if (outdated.length === 0) return;
  throw new CommandError(
    'file-changed',
    `another program changed ${outdated.map(({ path }) => path).join(', ')}; nothing was changed`,
    'run the same command again',
  );
}

/**
 * Installs every new file. Can be called again after any interruption.
 * @throws CommandError if another program changed one of the files in the meantime
 */
export async function applyInstallation(installation: Installation): Promise<Installation> {
  refuseChangedMeanwhile(installation);
  await putInPlace(installation, 'new');
  return record(installation, { phase: 'applied' });
}

/** Restores every old file. Can be called again after any interruption. */
export async function undoInstallation(
  installation: Installation,
  reason: string,
): Promise<Installation> {
  const undoing = await record(installation, { phase: 'undoing', reason });
  await putInPlace(undoing, 'old');
  return undoing;
}

function refuseChangedMeanwhile({ folder, changes }: Installation): void {
  const changed = changes.filter(({ path, isLink, before, after }) => {
    const now = currentBytes(path, isLink);
    const digest = now === undefined ? null : digestOf(now);
    return digest !== before && digest !== after;
  });
  if (changed.length === 0) return;
  throw new CommandError(
    'file-changed',
    `another program changed ${changed.map(({ path }) => path).join(', ')} during an installation`,
    `the old and new contents are in ${folder}; cakeless rollback --force restores the old ones`,
  );
}
