/** What an installation changes: whole files, and links. Worked out in full before the first of them is touched. */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { textOf } from '../../read-text.ts';

export interface FileChange {
  /** Without links on the way. */
  readonly path: string;
  /** What it becomes: octets, since a file of the user's need not be UTF-8. */
  readonly content: Buffer;
  /** What stood there when that was worked out; undefined if nothing did. */
  readonly before: Buffer | undefined;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Belongs to others in its folder: certificate, key and CA file are seen all new or all old. */
  readonly together: boolean;
  /** It is a link, and `content` where it leads. */
  readonly isLink: boolean;
}

export const KEY_MODE = 0o600;
export const CERTIFICATE_MODE = 0o644;

/** A change of a file that keeps its owner, and its mode unless it holds a key: then it is 0600. */
export function changeFile(
  file: string,
  content: string | Buffer,
  { holdsKey, together }: { holdsKey: boolean; together: boolean },
): FileChange {
  const { path, uid, gid, modeThere } = destinationOf(file);
  const mode = holdsKey ? KEY_MODE : (modeThere ?? CERTIFICATE_MODE) & 0o777;
  const before = currentBytes(path, false);
  return { path, content: Buffer.from(content), before, mode, uid, gid, together, isLink: false };
}

/** Where a file's content really stands, and who owns it; a new one belongs to the owner of its folder. */
export function destinationOf(file: string) {
  const there = statIfThere(file);
  const { uid, gid } = there ?? statSync(dirname(file));
  const path = there ? realpathSync(file) : join(realpathSync(dirname(file)), basename(file));
  return { path, uid, gid, modeThere: there?.mode };
}

export function changeLink(file: string, target: string): FileChange {
  const { uid, gid } = lstatSync(file);
  const path = join(realpathSync(dirname(file)), basename(file));
  const contents = { content: Buffer.from(target), before: currentBytes(path, true) };
  return { path, ...contents, mode: 0o777, uid, gid, together: false, isLink: true };
}

/** What stands there now, links followed or not; undefined if nothing does. */
export function currentBytes(path: string, isLink: boolean): Buffer | undefined {
  try {
    return isLink ? readlinkSync(path, 'buffer') : readFileSync(path);
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

/** A change as the journal keeps it; the contents lie beside the journal. */
export const recordedChangeSchema = z.object({
  path: z.string(),
  mode: z.number(),
  uid: z.number(),
  gid: z.number(),
  together: z.boolean(),
  isLink: z.boolean(),
  /** SHA-256 of what stood there; null if nothing did. */
  before: z.nullable(z.string()),
  after: z.string(),
  /** Mode and owner of what stood there. */
  modeBefore: z.number(),
});

export type RecordedChange = z.infer<typeof recordedChangeSchema>;

export function statIfThere(file: string) {
  try {
    return statSync(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';
