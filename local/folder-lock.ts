import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDurably, writeDurably } from '../lib/files/durable-file.ts';

/** Another process uses the folder, or this one already does. */
export class FolderInUse extends Error {
  override name = 'FolderInUse';
  readonly lockFile: string;

  constructor(folder: string, owner: number | undefined, lockFile: string) {
    super(`${folder}: in use by process ${owner}`);
    this.lockFile = lockFile;
  }
}

const lockedHere = new Set<string>();

/**
 * Locks a data folder for this process. Two processes that share a folder would each have their own index in memory,
 * and two conditional writers could both win.
 * @returns a function that releases the lock
 * @throws FolderInUse
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'in-use-by.pid');
  const owner = await readFile(path, 'utf8').then(Number, () => undefined);
  if (lockedHere.has(path) || (owner !== undefined && owner !== process.pid && isRunning(owner))) {
    throw new FolderInUse(folder, owner, path);
  }
  lockedHere.add(path);
  await writeDurably(path, `${process.pid}\n`);
  return async () => {
    lockedHere.delete(path);
    await removeDurably(path);
  };
}

/** A killed process leaves its id in the file. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
