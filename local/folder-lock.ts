import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDurably, writeDurably } from '../lib/files/durable-file.ts';

const lockedHere = new Set<string>();

/**
 * Takes a data folder for this process; the answer gives it back. Two processes on one folder would each
 * hold their own index of it, and then two conditional writers could both win.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'in-use-by.pid');
  const owner = await readFile(path, 'utf8').then(Number, () => undefined);
  if (lockedHere.has(path) || (owner !== undefined && owner !== process.pid && isRunning(owner))) {
    throw new Error(
      `${folder} is in use by process ${owner}; stop that one, or remove ${path} if it is something else`,
    );
  }
  lockedHere.add(path);
  await writeDurably(path, `${process.pid}\n`);
  return async () => {
    lockedHere.delete(path);
    await removeDurably(path);
  };
}

/** Whether a process of this id is there; a killed one leaves its id in the file behind. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
