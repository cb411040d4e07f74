/** What an installation changes: whole files, and links. All changes are computed before the first file is touched. */
import { createHash } from 'node:crypto';
import { lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { readFile } from '../../../lib/files/read-file.ts';
import { findFolderOfOthers, othersCanChange, UnsafePathError } from '../../../lib/files/trust.ts';
import { readBytesIfThere, textOf } from '../../read-text.ts';

export interface FileChange {
  /** With links resolved. */
  readonly path: string;
  /** The new content, as bytes: a user's file need not be UTF-8. */
  readonly content: Buffer;
  /** The content from which the new one was computed; undefined if the file did not exist. */
  readonly before: Buffer | undefined;
  readonly mode: number;
  /** Mode of the old file. */
  readonly modeBefore: number;
  readonly uid: number;
  readonly gid: number;
  /** Changes together with others in its folder: readers see certificate, key and CA file all new or all old. */
  readonly together: boolean;
  /** A symbolic link; `content` is its target. */
  readonly isLink: boolean;
}

export const KEY_MODE = 0o600;
export const CERTIFICATE_MODE = 0o644;

/** Keeps the owner of the file, and its mode unless it contains a key: then the mode is 0600. */
export function changeFile(
  file: string,
  content: string | Buffer,
  { holdsKey, together }: { holdsKey: boolean; together: boolean },
): FileChange {
  const path = destinationOf(file);
  const existing = readExisting(path);
  const { uid, gid } = existing ?? statSync(dirname(path));
  const modeBefore = (existing?.mode ?? CERTIFICATE_MODE) & 0o777;
  return {
    path,
    content: Buffer.from(content),
    before: existing?.bytes,
    mode: holdsKey ? KEY_MODE : modeBefore,
    modeBefore,
    uid,
    gid,
    together,
    isLink: false,
  };
}

/**
 * The real path of a file, with links resolved. In a folder of another user, as `pki/etcd` may belong to etcd, a link
 * is not followed: that user could make root read or replace any file.
 * @throws UnsafePathError if another user can redirect the path to the folder of the file
 */
export function destinationOf(file: string): string {
  const inFolder = () => join(realpathSync(dirname(file)), basename(file));
  const open = findFolderOfOthers(file);
  if (!open) return statIfThere(file) ? realpathSync(file) : inFolder();
  const path = inFolder();
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (open.path !== dirname(path)) throw new UnsafePathError(file, othersCanChange(open));
  if (isLink) throw new UnsafePathError(file, `is a link, and ${othersCanChange(open)}`);
  return path;
}

/** Content, owner and mode of one and the same file, even if another one gets its name in the meantime. */
function readExisting(path: string) {
  try {
    return readFile(path, { refusesLink: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function changeLink(file: string, target: string): FileChange {
  const { uid, gid } = lstatSync(file);
  const path = join(realpathSync(dirname(file)), basename(file));
  const content = Buffer.from(target);
  const before = currentBytes(path, true);
  const mode = 0o777;
  return { path, content, before, mode, modeBefore: mode, uid, gid, together: false, isLink: true };
}

/** The content of a file, or the target of a link; undefined if it does not exist. */
export function currentBytes(path: string, isLink: boolean): Buffer | undefined {
  if (!isLink) return readBytesIfThere(path);
  try {
    return readlinkSync(path, 'buffer');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function currentContent(path: string, isLink: boolean): string | undefined {
  const bytes = currentBytes(path, isLink);
  return bytes && textOf(bytes);
}

export const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A change as the journal records it; the contents are in files next to the journal. */
export const recordedChangeSchema = z.object({
  /** Relative to the folder of the kubeconfigs, which has the journal in it; absolute for a file that is elsewhere. */
  file: z.string(),
  mode: z.number(),
  uid: z.number(),
  gid: z.number(),
  together: z.boolean(),
  isLink: z.boolean(),
  /** SHA-256 of the old content; null if the file did not exist. */
  before: z.nullable(z.string()),
  after: z.string(),
  /** Mode of the old file. */
  modeBefore: z.number(),
});

export interface RecordedChange extends z.infer<typeof recordedChangeSchema> {
  /** Of its file on this node, with links resolved. */
  readonly path: string;
}

/** Not `throwIfNoEntry`: in Node.js 24 it also ignores that a path would be below a file. */
export function statIfThere(file: string) {
  try {
    return statSync(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';
