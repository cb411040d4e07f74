/**
 * Installs the new files of an installation, or restores the old ones.
 *
 * A certificate and its key are two files, and no rename replaces two at once. So the files of one folder that change
 * together become links for a moment, `apiserver.crt -> .cakeless-current/apiserver.crt`, first to the old contents; one
 * rename of the link `.cakeless-current` switches all of them; then they become plain files again. A reader always sees
 * pairs that match, even if this process is killed. The links are relative and stay inside the folder, so that they also
 * work in a container that mounts it.
 */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm, stat, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  removeDurably,
  sweepTemporaries,
  syncFolder,
  writeDurably,
} from '../../../lib/files/durable-file.ts';
import { currentBytes, type RecordedChange } from '../disk/file-change.ts';
import { contentOf, type Installation } from './journal.ts';

type Version = 'old' | 'new';

/** Can be called again after any interruption, for the same version or for the other one. */
export async function putInPlace(installation: Installation, version: Version): Promise<void> {
  const { changes } = installation.journal;
  for (const [folder, members] of groupByFolder(changes))
    await switchTogether(installation, folder, members, version);
  // the kubelet's new PEM file is created before the link to it, and removed after it
  const alone = changes.filter(({ together }) => !together);
  for (const change of version === 'new' ? alone : [...alone].reverse())
    await place(installation, change, version);
  for (const { path } of changes) await sweep(path);
}

function groupByFolder(changes: readonly RecordedChange[]): Map<string, RecordedChange[]> {
  const groups = new Map<string, RecordedChange[]>();
  for (const change of changes.filter(({ together }) => together)) {
    const folder = dirname(change.path);
    groups.set(folder, [...(groups.get(folder) ?? []), change]);
  }
  return groups;
}

const CURRENT = '.cakeless-current';
const folderOf = (version: Version) => `.cakeless-${version}`;

async function switchTogether(
  installation: Installation,
  folder: string,
  members: readonly RecordedChange[],
  version: Version,
): Promise<void> {
  const current = join(folder, CURRENT);
  if (!exists(current)) {
    if (members.every((change) => isInPlace(installation, change, version))) return cleanUp(folder);
    await fillFolders(installation, folder, members);
    await makeLink(folderOf(version === 'new' ? 'old' : 'new'), current);
  }
  if (readlinkSync(current) !== folderOf(version)) {
    for (const { path } of members)
      if (!lstatIfThere(path)?.isSymbolicLink())
        await makeLink(join(CURRENT, basename(path)), path);
    await makeLink(folderOf(version), current);
  }
  for (const change of members) await place(installation, change, version);
  await unlink(current);
  await syncFolder(folder);
  await cleanUp(folder);
}

async function fillFolders(
  installation: Installation,
  folder: string,
  members: readonly RecordedChange[],
): Promise<void> {
  const { mode, uid, gid } = await stat(folder);
  for (const version of ['old', 'new'] as const) {
    const inner = join(folder, folderOf(version));
    await mkdir(inner, { recursive: true, mode: 0o700 });
    for (const change of members) {
      const content = contentOf(installation, change, version);
      if (content !== undefined)
        await writeDurably(
          join(inner, basename(change.path)),
          content,
          modeFor(change, version),
          change,
        );
    }
    // same access as the outer folder; the files have their own modes
    await chown(inner, uid, gid);
    await chmod(inner, mode & 0o777);
  }
}

async function place(
  installation: Installation,
  change: RecordedChange,
  version: Version,
): Promise<void> {
  if (isInPlace(installation, change, version) && !isOurLink(change)) return;
  const content = contentOf(installation, change, version);
  if (content === undefined) return removeDurably(change.path);
  if (change.isLink) return makeLink(content.toString(), change.path);
  await writeDurably(change.path, content, modeFor(change, version), change);
}

const modeFor = ({ mode, modeBefore }: RecordedChange, version: Version) =>
  version === 'new' ? mode : modeBefore;

function isInPlace(installation: Installation, change: RecordedChange, version: Version): boolean {
  const [is, wanted] = [
    currentBytes(change.path, change.isLink),
    contentOf(installation, change, version),
  ];
  return is && wanted ? is.equals(wanted) : is === wanted;
}

/** A plain file that this module replaced with a link. */
const isOurLink = ({ path, isLink }: RecordedChange) =>
  !isLink && lstatIfThere(path)?.isSymbolicLink() === true;

const temporaryLink = (path: string) => `${path}.cakeless-link`;

/** Creates or redirects a link with one rename. */
async function makeLink(target: string, path: string): Promise<void> {
  const temporary = temporaryLink(path);
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

async function cleanUp(folder: string): Promise<void> {
  const left = [folderOf('old'), folderOf('new')].filter((name) => existsSync(join(folder, name)));
  for (const name of left) await rm(join(folder, name), { recursive: true });
  if (left.length > 0) await syncFolder(folder);
}

/** Removes temporary files that a killed run did not rename. */
async function sweep(path: string): Promise<void> {
  await sweepTemporaries(path);
  for (const link of [path, join(dirname(path), CURRENT)].map(temporaryLink))
    if (exists(link)) await removeDurably(link);
}

const exists = (path: string) => lstatIfThere(path) !== undefined;

function lstatIfThere(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}
