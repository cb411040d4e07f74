#!/usr/bin/env -S node --
// "--" ends Node's own options: Node 20 would otherwise take --env-file for its own, at any position.
// Runs the command in a clone: the bundle if it was built from these sources, otherwise the sources.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { digestOfSources } from './built-from.mjs';

const ROOT = new URL('..', import.meta.url);
const BUNDLE = new URL('dist/bundle/', ROOT);

const args = process.argv.slice(2);
// only the sources include `cakeless local`
if (args.slice(0, 2).includes('local') || !isBundleCurrent()) await import('./from-source.mjs');
else {
  // The SDK warns every process on Node 20 about the end of its support in January 2027 (docs/decisions/0002).
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const { run } = await import(new URL('chunks/run.mjs', BUNDLE).href);
  await run(args, { inClone: true });
}

function isBundleCurrent() {
  try {
    const built = JSON.parse(readFileSync(new URL('build.json', BUNDLE), 'utf8'));
    return built.sources === digestOfSources(fileURLToPath(ROOT));
  } catch {
    return false; // it has never been built, or is being replaced
  }
}
