// Builds the constructs for the package (cakeless/infra): dist/infra/index.js, one ESM file with everything except
// aws-cdk-lib and constructs, which the app provides; index.d.ts, which refers to the declarations in types/; and
// functions/, the bundles that are deployed. Builds are reproducible.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

/** An argument names another folder. */
const [OUT = 'dist/infra'] = process.argv.slice(2);

/** esbuild's metadata, which is not part of the package. */
const META = 'dist/meta';
/** TypeScript leaves the source's name in a declaration: from './alarms.ts'. */
const RELATIVE = /from '(\.[^']*)\.ts'/g;

rmSync(OUT, { recursive: true, force: true });
execFileSync(process.execPath, ['functions/bundle.mjs', join(OUT, 'functions')], {
  stdio: 'inherit',
});
await bundle();
declare();

async function bundle() {
  const outfile = join(OUT, 'index.js');
  const { metafile } = await build({
    entryPoints: ['infra/index.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // constructs must be instances of the app's own classes
    external: ['aws-cdk-lib', 'constructs'],
    preserveSymlinks: true, // as functions/bundle.mjs
    metafile: true,
  });
  mkdirSync(META, { recursive: true });
  writeFileSync(`${META}/infra.json`, JSON.stringify(metafile));
  const [{ bytes }] = Object.values(metafile.outputs);
  console.log(`${outfile}  ${Math.ceil(bytes / 1024)} KB`);
}

/** Declarations of what index.ts exports, and of what they refer to: not of the schema, nor of the library that it needs. */
function declare() {
  const all = mkdtempSync(join(tmpdir(), 'cakeless-declarations-'));
  execFileSync('node_modules/.bin/tsc', ['-p', 'infra/tsconfig.package.json', '--outDir', all], {
    stdio: 'inherit',
  });
  const files = reachable(join(all, 'infra', 'index.d.ts'));
  for (const [file, text] of files) {
    const target = join(OUT, 'types', relative(all, file));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(
      target,
      text.replaceAll(RELATIVE, (_, path) => `from '${path}.js'`),
    );
  }
  writeFileSync(join(OUT, 'index.d.ts'), "export * from './types/infra/index.js';\n");
  rmSync(all, { recursive: true });
  console.log(`${join(OUT, 'index.d.ts')}  with ${files.size} files of declarations`);
}

function reachable(start) {
  const found = new Map();
  const next = [start];
  for (const file of next) {
    if (found.has(file)) continue;
    const text = readFileSync(file, 'utf8');
    found.set(file, text);
    for (const [, path] of text.matchAll(RELATIVE)) next.push(join(dirname(file), `${path}.d.ts`));
  }
  return found;
}
