/** Writes one file of a new node, and creates its folder. */
import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder, writeDurably } from '../../../lib/files/durable-file.ts';
import { CommandError } from '../../errors.ts';
import { destinationOf } from '../disk/file-change.ts';

/** Follows links, which stay; the owner is that of the file before, or of its folder. */
export async function writeFile(
  file: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  await makeFolder(dirname(file), 'any');
  fileExists(file); // throws for a dangling link
  const path = destinationOf(file);
  const { uid, gid } = lstatSync(path, { throwIfNoEntry: false }) ?? statSync(dirname(path));
  const isOurs = uid === process.getuid?.() && gid === process.getgid?.();
  await writeDurably(path, content, mode, isOurs ? undefined : { uid, gid }, 'any');
}

/** @throws CommandError for a dangling link: a new file would replace it */
export function fileExists(file: string): boolean {
  if (existsSync(file)) return true;
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return false;
  throw new CommandError(
    'usage',
    `${file}: is a link to a file that does not exist`,
    'create its target or remove the link, then run the command again',
  );
}
