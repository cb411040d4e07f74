/** Whether other users can change a file or a folder, or redirect a path to another place. */
import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../../errors.ts';

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** In a sticky folder such as /tmp others can create files, but neither replace nor remove the owner's. */
export const isOpenToOthers = (mode: number): boolean =>
  (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;

/**
 * The first folder on the path of a file, or the file, that users other than these can change; undefined if there is no
 * such part. A part that does not exist ends the search: the last existing folder decides who can create it.
 */
export function findOpenPart(
  file: string,
  { trusted, foldersOnly = false }: { trusted: readonly number[]; foldersOnly?: boolean },
): string | undefined {
  for (const { path, uid, mode, isFolder } of pathParts(file)) {
    if (foldersOnly && !isFolder) return undefined;
    if (!trusted.includes(uid) || isOpenToOthers(mode)) return path;
  }
  return undefined;
}

interface PathPart {
  readonly path: string;
  readonly uid: number;
  readonly mode: number;
  readonly isFolder: boolean;
}

/** As Linux (path_resolution(7)). */
const MAX_LINKS = 40;

/** Every folder on the path, from `/`, then the file. Links are followed one by one, as the kernel does. */
function* pathParts(file: string): Generator<PathPart> {
  const names = namesOf(file);
  let links = 0;
  let here = '/';
  while (true) {
    const stats = lstatSync(here, { throwIfNoEntry: false });
    if (!stats) return;
    if (stats.isSymbolicLink()) {
      links += 1;
      if (links > MAX_LINKS) throw new CommandError('usage', `${file}: too many symbolic links`);
      names.unshift(...namesOf(join('/', ...targetOf(here))));
      here = '/';
      continue;
    }
    const isFolder = stats.isDirectory();
    yield { path: here, uid: stats.uid, mode: stats.mode, isFolder };
    const name = names.shift();
    if (name === undefined || !isFolder) return;
    here = join(here, name);
  }
}

function targetOf(link: string): string[] {
  const target = readlinkSync(link);
  return target.startsWith('/') ? [target] : [link, '..', target];
}

const namesOf = (path: string) => join('/', path).split('/').filter(Boolean);
