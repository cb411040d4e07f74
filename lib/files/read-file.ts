/**
 * Reads a file that others may control: a FIFO or a device in its place does not block the process, and an endless file
 * does not fill its memory.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';

/** Certificates, kubeconfigs, manifests and configurations have some kilobytes; an invitation has about 100. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** A device, for example, or a file that is too large: permissions are not the reason. */
export class UnreadableFileError extends Error {
  override name = 'UnreadableFileError';
  readonly problem: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.problem = problem;
  }
}

export interface ReadFile {
  readonly bytes: Buffer;
  /** Of the file that was read, even if its name leads elsewhere now. */
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface ReadOptions {
  readonly maxBytes?: number;
  /** A link as the last part of the path is an error. */
  readonly refusesLink?: boolean;
  /** The caller overwrites the bytes after use: nothing else keeps them. */
  readonly isSecret?: boolean;
}

/** @throws UnreadableFileError, or the error of the system */
export function readFile(path: string, options: ReadOptions = {}): ReadFile {
  const { refusesLink = false, maxBytes = MAX_FILE_BYTES, isSecret = false } = options;
  requireRegular(path, statSync(path)); // before it is opened: to open a device can have an effect
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW, O_NOCTTY } = constants;
  const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (refusesLink ? O_NOFOLLOW : 0);
  const handle = openSync(path, flags);
  try {
    const stats = fstatSync(handle);
    requireRegular(path, stats);
    const { uid, gid, mode } = stats;
    return { bytes: readAtMost(path, handle, maxBytes, isSecret), uid, gid, mode };
  } finally {
    closeSync(handle);
  }
}

/** The pipes of this process, which the user connected: `/dev/stdin`, and `<(command)` of a shell. */
const OWN_PIPE = /^\/(?:dev\/(?:stdin|fd\/\d+)|proc\/self\/fd\/\d+)$/;

/** A file that the user named; it may also be a pipe of this process. */
export function readGivenFile(path: string, maxBytes = MAX_FILE_BYTES): Buffer {
  if (!OWN_PIPE.test(path)) return readFile(path, { maxBytes }).bytes;
  const handle = openSync(path, 'r');
  try {
    return readAtMost(path, handle, maxBytes);
  } finally {
    closeSync(handle);
  }
}

function requireRegular(path: string, stats: { isFile(): boolean; isDirectory(): boolean }): void {
  if (stats.isFile()) return;
  if (!stats.isDirectory()) throw new UnreadableFileError(path, 'not a regular file');
  const message = `EISDIR: illegal operation on a directory, read '${path}'`;
  throw Object.assign(new Error(message), { code: 'EISDIR', errno: -21, path });
}

/** Until its end: files below /proc have the size 0. */
function readAtMost(path: string, handle: number, maxBytes: number, isSecret = false): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for (;;) {
      const part = Buffer.allocUnsafe(64 * 1024);
      const length = readSync(handle, part);
      if (length === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, length));
      size += length;
      if (size > maxBytes) throw new UnreadableFileError(path, `larger than ${maxBytes} bytes`);
    }
  } finally {
    if (isSecret) for (const part of parts) part.fill(0);
  }
}
