/**
 * Files that survive a kill of this process, but not a power failure: for the stand-in for AWS, which writes dozens for
 * each certificate, and whose tests kill it. Everything else uses `durable-file.ts`.
 */
import { basename, dirname } from 'node:path';
import { type Content, Folder } from './folder.ts';

/** Writes a whole file; a reader finds either the new file or the old one. */
export async function writeWhole(path: string, content: Content): Promise<void> {
  const folder = Folder.open(dirname(path), 'trusted', false);
  await folder.write(basename(path), content, 0o600);
}

/** Removes a file. A missing file is not an error. */
export async function removeWhole(path: string): Promise<void> {
  const folder = Folder.open(dirname(path), 'trusted', false);
  await folder.remove(basename(path));
}
