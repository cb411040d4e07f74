import { createHash } from 'node:crypto';
import type { Checksum } from './checksums.ts';

/** One version of an object, or a delete marker, without its content. */
export interface Version {
  readonly key: string;
  /** `null` in a bucket without versioning, as S3 calls it. */
  readonly versionId: string;
  /** Grows with every write to the store; sixteen hex digits, so that texts compare as numbers do. */
  readonly sequencer: string;
  readonly lastModified: string;
  readonly size: number;
  /** MD5 in hex, without quotation marks. */
  readonly etag: string;
  readonly checksum?: Checksum;
  /** Content type, encoding, user metadata: what is given back as headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly deleteMarker: boolean;
}

/**
 * The file that holds a version: a hash of the key, then the version id. A key is any 1024 bytes of UTF-8,
 * with `../`, NUL, or `a` and `a/b` side by side; so it never becomes a path.
 */
export function versionFileName(key: string, versionId: string): string {
  return `${createHash('sha256').update(key).digest('hex')}.${versionId}`;
}

/** A version's file: one line of JSON, then the content. One file, so that one rename puts both in place. */
export function encodeVersionHead(version: Version): string {
  return `${JSON.stringify(version)}\n`;
}

/** Splits a version's file; also does with its beginning, as long as the first line is whole. */
export function decodeVersionFile(file: Buffer): { version: Version; content: Buffer } {
  const lineEnd = file.indexOf('\n');
  if (lineEnd < 0) throw new Error('the first line has no end');
  return {
    version: JSON.parse(file.toString('utf8', 0, lineEnd)) as Version,
    content: file.subarray(lineEnd + 1),
  };
}
