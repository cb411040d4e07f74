// Bundles the client into one minified file for Node >= 20.19: dist/client/cakeless.mjs. It contains the SDK, which is
// evaluated only when a command opens a bucket. build-binary.mjs bundles the same as cakeless.cjs, for the executable.
import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const OUT = 'dist/client';

/** Excludes the local service, which would add the functions and the stand-in for AWS. */
const withoutLocal = {
  name: 'without-local',
  setup(build) {
    const path = resolve('client/bundled/no-local.ts');
    build.onResolve({ filter: /\/commands\/local\.ts$/ }, () => ({ path }));
  },
};

/** @param {'esm' | 'cjs'} format */
export async function bundleClient(format) {
  mkdirSync(OUT, { recursive: true });
  const outfile = `${OUT}/cakeless.${format === 'esm' ? 'mjs' : 'cjs'}`;
  const unfinished = `${outfile}.${process.pid}`; // the existing file may be running
  const require =
    "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
  const { metafile } = await build({
    entryPoints: ['client/bundled/entry.ts'],
    outfile: unfinished,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20.19',
    format,
    mainFields: ['module', 'main'],
    metafile: true,
    legalComments: 'none',
    ...(format === 'esm' && { banner: { js: `#!/usr/bin/env -S node --\n${require}` } }),
    plugins: [withoutLocal],
  });
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, outfile);
  const { bytes } = metafile.outputs[unfinished];
  console.log(`${outfile}  ${Math.ceil(bytes / 1024)} KB`);
  return outfile;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await bundleClient('esm');
