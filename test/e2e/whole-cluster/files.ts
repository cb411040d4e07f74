/** The contents of a folder, for seeing whether anything changes. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Digest, mode and modification time of each file below a folder, by path. */
export function filesBelow(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => {
      const { mode, mtimeMs } = lstatSync(file);
      const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
      return [relative(folder, file), `${digest} ${mode.toString(8)} ${mtimeMs}`];
    }),
  );
}
