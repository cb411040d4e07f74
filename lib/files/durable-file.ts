import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const temporarySuffix = '.tmp';
let temporaryFiles = 0;

/**
 * Writes a whole file so that a reader, or a process started after a crash, finds either the new file or the old one. On
 * return it survives a power failure: the content is synced before the rename, the folder after it (rename(2) and
 * fsync(2): syncing a file does not sync its entry in the folder).
 * @param owner is set, with exactly this mode independent of the umask, before the file gets its name
 */
export async function writeDurably(
  path: string,
  content: string | Uint8Array | readonly (string | Uint8Array)[],
  mode = 0o600,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<void> {
  temporaryFiles += 1;
  const temporary = `${path}.${process.pid}-${temporaryFiles}${temporarySuffix}`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      const parts =
        typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
      for (const part of parts) await file.writeFile(part);
      if (owner) {
        await file.chown(owner.uid, owner.gid);
        await file.chmod(mode);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    throw cause;
  }
  await syncFolder(dirname(path));
}

/** Removes a file durably. A missing file is not an error. */
export async function removeDurably(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Removes partial files, which may contain keys, that a killed writer of a file left. Must not run while the file is
 * being written.
 */
export async function sweepTemporaries(path: string): Promise<void> {
  const start = `${basename(path)}.`;
  const left = (await readdir(dirname(path))).filter(
    (name) => name.startsWith(start) && /^\d+-\d+\.tmp$/.test(name.slice(start.length)),
  );
  for (const name of left) await removeDurably(join(dirname(path), name));
}

/** Creates a folder that only its owner may enter, and missing folders above it. */
export async function makeFolder(path: string): Promise<void> {
  const firstMade = await mkdir(path, { recursive: true, mode: 0o700 });
  if (firstMade === undefined) return;
  for (let made = path; made.length >= firstMade.length; made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

/** The names of the complete files of a folder. Removes partial files that a killed writer left. */
export async function finishedFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  for (const name of names.filter((name) => name.endsWith(temporarySuffix))) {
    await unlink(join(folder, name));
  }
  return names.filter((name) => !name.endsWith(temporarySuffix)).sort();
}

/** Makes renames, links and removals in a folder survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
