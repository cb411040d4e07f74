// Bundles the functions for Lambda: minified ESM with the SDK inside. Each function has a folder that contains exactly
// what is deployed: dist/functions/<name>/index.mjs and, in chunks/, shared code and code that only some requests need.
// Builds are reproducible.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { SDK_ALIASES, trimSdk } from './trim-sdk.mjs';

const FUNCTIONS = ['triage', 'sign', 'create-ca', 'reconcile', 'watch-signatures'];
/** Arguments name other folders for the bundles, and for esbuild's metadata, which must not be deployed. */
const [OUT = 'dist/functions', META = 'dist/meta'] = process.argv.slice(2);

/** In esbuild's function for CommonJS packages, which would need createRequire in each file. */
const REQUIRES = 'Dynamic require of ';

mkdirSync(META, { recursive: true });
// to standard error: `cdk synth` may print a template to standard output
for (const line of await Promise.all(FUNCTIONS.map(bundle))) console.error(line);

/** @returns a line about it */
async function bundle(name) {
  const outdir = `${OUT}/${name}`;
  const { metafile, outputFiles } = await build({
    entryPoints: [{ in: `functions/${name}.ts`, out: 'index' }],
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    // if links in node_modules were followed, names in the output would depend on the folder
    preserveSymlinks: true,
    metafile: true,
    write: false,
    legalComments: 'none',
    alias: SDK_ALIASES,
    plugins: [trimSdk],
  });
  const entry = relative('.', `${outdir}/index.mjs`);
  const needed = reachable(metafile.outputs, entry, () => true);
  metafile.outputs = Object.fromEntries(needed.map((file) => [file, metafile.outputs[file]]));
  rmSync(outdir, { recursive: true, force: true });
  for (const { path, contents, text } of outputFiles) {
    if (!needed.some((file) => resolve(file) === path)) continue;
    if (text.includes(REQUIRES))
      throw new Error(`${path} contains a CommonJS package that requires another module`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
  }
  const atInit = reachable(metafile.outputs, entry, ({ kind }) => kind === 'import-statement');
  writeFileSync(`${META}/${name}.json`, JSON.stringify({ ...metafile, entry, atInit }));
  const [init, all] = [atInit, needed].map((files) => kilobytes(metafile.outputs, files));
  return `${outdir}  ${init} KB at init, ${all} KB in all`;
}

/** The outputs that one imports, directly or not. esbuild also writes parts whose import it has removed. */
function reachable(outputs, entry, follows) {
  const found = new Set([entry]);
  for (const file of found)
    for (const imported of outputs[file].imports)
      if (!imported.external && follows(imported)) found.add(imported.path);
  return [...found];
}

function kilobytes(outputs, files) {
  return Math.ceil(files.reduce((sum, file) => sum + outputs[file].bytes, 0) / 1024);
}
