/** Writes one file of a new node, and its folder. */
import { existsSync, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { CommandError } from '../../errors.ts';
import { destinationOf } from '../disk/file-change.ts';

/** Through links, which stay, and with the owner of what stood there, or of the folder. */
export async function writeFile(
  file: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  await makeFolder(dirname(file));
  isFileThere(file); // throws for a link that leads nowhere
  const { path, uid, gid } = destinationOf(file);
  const isOurs = uid === process.getuid?.() && gid === process.getgid?.();
  await writeDurably(path, content, mode, isOurs ? undefined : { uid, gid });
}

/** Whether a file is there. @throws CommandError for a link that leads nowhere: a new file would take its place */
export function isFileThere(file: string): boolean {
  if (existsSync(file)) return true;
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return false;
  throw new CommandError(
    'usage',
    `${file}: is a link to something that is not there`,
    'make what it leads to, or move it away, and run the command again',
  );
}
