import { createHash } from 'node:crypto';
import type { Checksum } from './checksums.ts';
import type { StoredAs } from './storage-options.ts';

/** One version of an object, or a delete marker, without its content. */
export interface Version {
  readonly key: string;
  /** `null` in a bucket without versioning, as S3 calls it. */
  readonly versionId: string;
  /** Grows with every write to the store. Sixteen hex digits, so that strings compare as the numbers do. */
  readonly sequencer: string;
  readonly lastModified: string;
  readonly size: number;
  /** MD5 in hex, without quotation marks. */
  readonly etag: string;
  readonly checksum?: Checksum;
  /** What is returned as headers: content type, encoding, user metadata. */
  readonly headers: Readonly<Record<string, string>>;
  readonly deleteMarker: boolean;
  /** How it is stored, if not in S3's default way. */
  readonly storedAs?: StoredAs;
}

/**
 * The name of the file of a version: a hash of the key, then the version id. A key can be any 1024 bytes of UTF-8, with
 * `../`, NUL, or `a` and `a/b` side by side, so it is never used as a path.
 */
export function versionFileName(key: string, versionId: string): string {
  return `${createHash('sha256').update(key).digest('hex')}.${versionId}`;
}

/** The file of a version is one line of JSON, then the content: in one file, so that one rename replaces both. */
export function encodeVersionHead(version: Version): string {
  return `${JSON.stringify(version)}\n`;
}

/** Splits the file of a version, or the beginning of one if its first line is complete. */
export function decodeVersionFile(file: Buffer): { version: Version; content: Buffer } {
  const lineEnd = file.indexOf('\n');
  if (lineEnd < 0) throw new Error('the first line is incomplete');
  return {
    version: JSON.parse(file.toString('utf8', 0, lineEnd)) as Version,
    content: file.subarray(lineEnd + 1),
  };
}
