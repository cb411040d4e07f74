// A digest of what dist/bundle is built from: a bundle of other sources must not be run instead of these.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The folders and files that determine the bundle. The lockfile represents the packages. */
const SOURCES = ['client', 'lib', 'package.json', 'package-lock.json'];

/** @param {string} root of the repository. Contents are compared, because times and sizes can stay the same. */
export function digestOfSources(root) {
  const files = SOURCES.flatMap((source) => filesIn(join(root, source))).sort();
  const digest = createHash('sha256');
  for (const file of files) {
    const contents = readFileSync(file);
    digest.update(`${relative(root, file)}\0${contents.length}\0`).update(contents);
  }
  return digest.digest('hex');
}

function filesIn(path) {
  if (path.endsWith('.json')) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
