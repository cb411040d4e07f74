/** The folder of the stand-in: nothing is written to one that holds anything else, or that others could change. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolder, writeDurably } from '../lib/files/durable-file.ts';
import { isLockFile, lockFolder } from './folder-lock.ts';

/** The folder cannot be used, and nothing in it was changed. */
export class NotOurFolder extends Error {
  override name = 'NotOurFolder';
}

const MARKER = 'README.txt';
const FIRST_LINE =
  'This folder belongs to cakeless local, a stand-in for AWS, for evaluation and tests.';
const NOTICE = `${FIRST_LINE}
Its private keys and credentials are plain files: trust nothing that was signed with them.
`;

const OTHERS_WRITE = 0o022;

/**
 * Creates the folder if it is missing, and locks it for this process.
 * @returns a function that unlocks it
 * @throws NotOurFolder, FolderInUse
 */
export async function openDataFolder(path: string): Promise<() => Promise<void>> {
  // without a trailing slash, after which a link would be followed
  const folder = resolve(path);
  // before and after: an existing folder is refused for what it is, and a new one may be created by another user in the meantime
  if (await exists(folder)) await checkSelf(folder);
  await makeFolder(folder);
  await checkSelf(folder);
  await checkContents(folder);
  const unlock = await lockFolder(folder);
  try {
    await writeDurably(join(folder, MARKER), NOTICE);
    return unlock;
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function checkSelf(folder: string): Promise<void> {
  const { mode, uid, ...stats } = await lstatOf(folder);
  if (stats.isLink) throw new NotOurFolder(`${folder}: is a symbolic link`);
  const user = process.geteuid?.() ?? uid;
  if (uid !== user)
    throw new NotOurFolder(`${folder}: belongs to user ${uid}, and this process is user ${user}`);
  if ((mode & OTHERS_WRITE) !== 0)
    throw new NotOurFolder(
      `${folder}: other users can write to it (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`,
    );
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function lstatOf(path: string) {
  const stats = await lstat(path);
  return { mode: stats.mode, uid: stats.uid, isLink: stats.isSymbolicLink() };
}

/** A first start that was killed can leave the lock, and a part of the marker. */
async function checkContents(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.includes(MARKER) && (await isMarker(join(folder, MARKER)))) return;
  const others = names.filter((name) => !isLockFile(name) && !isPartOfMarker(name));
  if (others.length > 0)
    throw new NotOurFolder(`${folder}: contains files that are not from cakeless local`);
}

async function isMarker(path: string): Promise<boolean> {
  if (!(await lstat(path)).isFile()) return false;
  return (await readFile(path, 'utf8')).startsWith(`${FIRST_LINE}\n`);
}

const isPartOfMarker = (name: string): boolean => /^README\.txt\.\d+-\d+\.tmp$/.test(name);
