/** Reads files as text. */
import { readFileSync } from 'node:fs';
import { CommandError, EXIT } from './exit-codes.ts';

/** A file that a person named. @throws CommandError if it can't be read */
export function readGivenText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(
      EXIT.usage,
      `${file}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** A file that may be absent: undefined then. One that may not be read is an error, with its path. */
export function readTextIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
