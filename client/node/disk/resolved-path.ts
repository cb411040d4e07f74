import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The path by which a change names a file: with links resolved, of its folder if it does not exist. */
export function resolvedPath(file: string): string {
  try {
    return existsSync(file)
      ? realpathSync(file)
      : join(realpathSync(dirname(file)), basename(file));
  } catch {
    return file; // its folder does not exist
  }
}
