/** Reads files as text. */
import { isUtf8 } from 'node:buffer';
import { type ReadOptions, readFile, readGivenFile } from '../lib/files/read-file.ts';
import { unusableFile } from './errors.ts';

/** A file that the user named. @throws CommandError if it cannot be read, or the system's error if permission is missing */
export function readGivenText(file: string): string {
  try {
    return readGivenFile(file).toString('utf8');
  } catch (error) {
    throw unusableFile(file, error);
  }
}

/** A text that is not UTF-8 is read byte by byte, as Latin-1, so that nothing in it is lost. */
const encodingOf = (bytes: Uint8Array) => (isUtf8(bytes) ? 'utf8' : 'latin1');

export const textOf = (bytes: Buffer): string => bytes.toString(encodingOf(bytes));

/** Edits a text and preserves every byte that is not edited. */
export function editText(bytes: Buffer, edit: (text: string) => string): Buffer {
  const encoding = encodingOf(bytes);
  return Buffer.from(edit(bytes.toString(encoding)), encoding);
}

/** undefined if the file does not exist. @throws Error with its path if it cannot be read */
export function readTextIfThere(file: string): string | undefined {
  const bytes = readBytesIfThere(file);
  return bytes && textOf(bytes);
}

export function readBytesIfThere(file: string, options: ReadOptions = {}): Buffer | undefined {
  try {
    return readFile(file, options).bytes;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    // the only error in which Node does not name the file
    throw code === 'EISDIR' ? unusableFile(file, error) : error;
  }
}
