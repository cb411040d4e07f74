import { readFileSync, statSync } from 'node:fs';
import { CommandError } from '../../errors.ts';

/** An invitation has some 150 URLs of 600 characters; an answer some 12 certificates. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The JSON value of a file that somebody carried here. @throws CommandError if it can't be read */
export function readOwnJson(file: string): unknown {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw new Error(`has ${size} bytes`);
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError('usage', `${file}: can not be read as JSON: ${why}`);
  }
}
