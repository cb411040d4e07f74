/** Where the bundles of the functions are: in the repository after `npm run build`, or in the package. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** In the package, next to this module (`dist/infra/index.js`); in the repository, what `npm run build` writes. */
const FOLDERS = ['./functions', '../dist/functions'];

/** @throws Error if the functions have not been bundled */
export function bundlesFolder(): string {
  const folders = FOLDERS.map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
  const found = folders.find((folder) => existsSync(join(folder, 'sign', 'index.mjs')));
  if (found !== undefined) return found;
  throw new Error(
    `the functions have not been bundled: ${folders.join(' and ')} have no sign/index.mjs. Run npm run build, or set codeDir`,
  );
}
