/**
 * Which folders root may write in. Anyone who can change a folder on a path can redirect it between a check and a write,
 * and make root write, remove or hand over a file of their choice.
 */
import { findOpenPart, type OpenPart } from './open-to-others.ts';

const ROOT = 0;

/** A path that users other than root can redirect. */
export class UnsafePathError extends Error {
  override name = 'UnsafePathError';

  /** @param reason for example: users other than root can change /home */
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
  }
}

/** For a process of root, the first folder on the path that others can change. Other users redirect only themselves. */
export const findFolderOfOthers = (path: string): OpenPart | undefined =>
  process.geteuid?.() === ROOT
    ? findOpenPart(path, { trusted: [ROOT], foldersOnly: true })
    : undefined;

/** @throws UnsafePathError if root would use a folder that others can change or replace */
export function requireTrustedFolder(path: string): void {
  const open = findFolderOfOthers(path);
  if (open) throw new UnsafePathError(path, othersCanChange(open));
}

/** For a file that root trusts: others must not be able to change the file, or a folder on its path. */
export function requireTrustedFile(path: string): void {
  const open = process.geteuid?.() === ROOT ? findOpenPart(path, { trusted: [ROOT] }) : undefined;
  if (open) throw new UnsafePathError(path, othersCanChange(open));
}

export const othersCanChange = ({ path }: OpenPart): string =>
  `users other than root can change ${path}`;
