/** Whether other users can change a file or a folder, or redirect a path to another place. */
import { lstatSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** In a sticky folder such as /tmp others can create files, but neither replace nor remove the owner's. */
const isOpenToOthers = (mode: number): boolean =>
  (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;

export interface OpenPart {
  /** Without links: every folder above it belongs to trusted users. */
  readonly path: string;
  /** The names below it that lead to the file. */
  readonly rest: readonly string[];
}

interface TrustRule {
  /** Ids of the users whose folders and files are trusted. */
  readonly trusted: readonly number[];
  readonly foldersOnly?: boolean;
}

/**
 * The first folder on the path of a file, or the file, that users other than these can change; undefined if there is no
 * such part. A part that does not exist ends the search: the last existing folder decides who can create it.
 */
export function findOpenPart(
  file: string,
  { trusted, foldersOnly = false }: TrustRule,
): OpenPart | undefined {
  for (const part of pathParts(file)) {
    if (foldersOnly && part.kind === 'file') return undefined;
    if (isOpen(part, trusted)) return { path: part.path, rest: part.rest };
  }
  return undefined;
}

/** Nobody can change a link, but in a folder such as /tmp its owner can replace it. */
function isOpen({ kind, uid, mode, inSticky }: PathPart, trusted: readonly number[]): boolean {
  if (kind === 'link') return inSticky && !trusted.includes(uid);
  return !trusted.includes(uid) || isOpenToOthers(mode);
}

interface PathPart extends OpenPart {
  readonly uid: number;
  readonly mode: number;
  readonly kind: 'folder' | 'link' | 'file';
  /** Whether the folder that contains it is sticky. */
  readonly inSticky: boolean;
}

/** As Linux (path_resolution(7)). */
const MAX_LINKS = 40;

/** Every folder and link on the path, from `/`, then the file. Links are followed one by one, as the kernel does. */
function* pathParts(file: string): Generator<PathPart> {
  const names = namesOf(resolve(file));
  let links = 0;
  let here = '/';
  let inSticky = false;
  while (true) {
    const stats = lstatSync(here, { throwIfNoEntry: false });
    if (!stats) return;
    const { uid, mode } = stats;
    const part = { path: here, rest: [...names], uid, mode, inSticky };
    if (stats.isSymbolicLink()) {
      yield { ...part, kind: 'link' };
      links += 1;
      if (links > MAX_LINKS) throw new TooManyLinksError(file);
      names.unshift(...namesOf(join('/', ...targetOf(here))));
      here = '/';
      inSticky = false;
      continue;
    }
    const isFolder = stats.isDirectory();
    yield { ...part, kind: isFolder ? 'folder' : 'file' };
    const name = names.shift();
    if (name === undefined || !isFolder) return;
    here = join(here, name);
    inSticky = (mode & STICKY) !== 0;
  }
}

export class TooManyLinksError extends Error {
  override name = 'TooManyLinksError';
  constructor(file: string) {
    super(`${file}: too many symbolic links`);
  }
}

function targetOf(link: string): string[] {
  const target = readlinkSync(link);
  return target.startsWith('/') ? [target] : [link, '..', target];
}

const namesOf = (path: string) => path.split('/').filter(Boolean);
