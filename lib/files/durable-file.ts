/**
 * The ways in which files are written, moved and removed, by their paths. Each refuses a folder that others could
 * redirect (`trust.ts`), survives a power failure, and follows no link at the end of a path.
 */
import { lstatSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { link, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Content, type FolderOwner, inFolder, type Owner } from './folder.ts';
import { syncFolder } from './sync-folder.ts';
import { requireTrustedFolder } from './trust.ts';

/**
 * Writes a whole file; see `Folder.write`.
 * @param folder `any`: others may own the folder, and replace the file at any time
 */
export async function writeDurably(
  path: string,
  content: Content,
  mode = 0o600,
  owner?: Owner,
  folder: FolderOwner = 'trusted',
): Promise<void> {
  await inFolder(dirname(path), folder, (opened) =>
    opened.write(basename(path), content, mode, owner),
  );
}

export interface DurableFile {
  readonly path: string;
  readonly content: Content;
}

/**
 * As `writeDurably`, for files that do not depend on each other: in parallel, with one sync for each folder.
 * @throws the first error, after all writes have finished
 */
export async function writeAllDurably(files: readonly DurableFile[], mode = 0o600): Promise<void> {
  for (const path of new Set(files.map((file) => dirname(file.path))))
    await inFolder(path, 'trusted', (folder) =>
      folder.together(
        files
          .filter((file) => dirname(file.path) === path)
          .map((file) => () => folder.write(basename(file.path), file.content, mode)),
      ),
    );
}

/** Removes a file durably. A missing file is not an error. */
export async function removeDurably(path: string): Promise<void> {
  await inFolder(dirname(path), 'trusted', (folder) => folder.remove(basename(path)));
}

/**
 * Removes partial files, which may contain keys, that a killed writer of a file left. Must not run while the file is
 * being written.
 */
export async function sweepTemporaries(path: string, owner: FolderOwner): Promise<void> {
  await inFolder(dirname(path), owner, (folder) => folder.sweep(basename(path)));
}

/** Moves a file from one folder to another, at once: a signal handler can call it. Sync both folders afterwards. */
export function moveFile(from: string, to: string): void {
  for (const path of [from, to]) requireTrustedFolder(dirname(path));
  renameSync(from, to);
}

/** Gives a file a second name. @returns false if the name is taken */
export async function linkFile(from: string, to: string): Promise<boolean> {
  for (const path of [from, to]) requireTrustedFolder(dirname(path));
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a folder and everything in it; links in it are removed, not followed. A missing one is not an error. */
export function removeFolder(path: string): void {
  requireTrustedFolder(dirname(path));
  rmSync(path, { recursive: true, force: true });
}

/**
 * Creates a folder that only its owner may enter, and missing folders above it. Not `mkdir -p`, which follows links of
 * others, and which never returns for some paths (Node.js 20, below /proc).
 * @param owner whose the folder may be if it exists
 */
export async function makeFolder(path: string, owner: FolderOwner = 'trusted'): Promise<void> {
  const missing: string[] = [];
  let existing = resolve(path);
  while (lstatSync(existing, { throwIfNoEntry: false }) === undefined) {
    missing.unshift(existing);
    existing = dirname(existing);
  }
  if (missing.length > 0 || owner === 'trusted') requireTrustedFolder(existing);
  for (const folder of missing) {
    makeOne(folder);
    syncFolder(dirname(folder));
  }
  // a file, or a link to nothing
  if (!statSync(path).isDirectory()) throw notAFolder(path);
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another run created it
    requireTrustedFolder(folder);
  }
}

function notAFolder(path: string): NodeJS.ErrnoException {
  const message = `ENOTDIR: not a directory, mkdir '${path}'`;
  return Object.assign(new Error(message), { code: 'ENOTDIR', errno: -20, path });
}

/** The names of the complete files of a folder. Removes partial files that a killed writer left. */
export async function finishedFiles(folder: string): Promise<string[]> {
  requireTrustedFolder(folder);
  const names = await readdir(folder);
  for (const name of names.filter((name) => name.endsWith('.tmp')))
    await unlink(join(folder, name));
  return names.filter((name) => !name.endsWith('.tmp')).sort();
}
