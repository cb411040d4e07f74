// Builds the client for Node >= 20.19, minified. The same commit gives the same bytes in any folder. The argument is
// the output folder; the default is dist.
//   dist/bundle/             the installed form: cakeless.mjs, and chunks that it loads when a command needs them
//   dist/client/cakeless.mjs the same in one file, for download; build-binary.mjs makes cakeless.cjs, for the executable
//   dist/man/                a manual page for each command
//   dist/completion/         completion for bash, zsh and fish
//   dist/meta/               esbuild's metadata, which is not published
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { digestOfSources } from './built-from.mjs';
import { commitOfSources, dateOfSources, shortCommit } from './commit.mjs';

const [OUT = 'dist'] =
  process.argv[1] === fileURLToPath(import.meta.url) ? process.argv.slice(2) : [];
const ONE_FILE = `${OUT}/client`;
const INSTALLED = `${OUT}/bundle`;
const META = `${OUT}/meta`;
const REQUIRE =
  "import{createRequire}from'node:module';const require=createRequire(import.meta.url);";
/** "--" ends Node's own options: Node 20 would otherwise treat --env-file as its own, at any position. */
const SHEBANG = '#!/usr/bin/env -S node --\n';

/** Excludes the local service, which would add the functions and the stand-in for AWS. */
const withoutLocal = {
  name: 'without-local',
  setup(build) {
    const path = resolve('client/bundled/no-local.ts');
    build.onResolve({ filter: /\/command-line\/local\.ts$/ }, () => ({ path }));
  },
};

/**
 * tsyringe, which @peculiar/x509 uses, throws unless reflect-metadata runs first. A chunk does not keep the order in which
 * a third file imports both (https://github.com/evanw/esbuild/issues/399), so tsyringe is made to import it.
 */
const reflectFirst = {
  name: 'reflect-first',
  setup(build) {
    const first = `import ${JSON.stringify(resolve('client/bundled/reflect-metadata.ts'))};\n`;
    build.onLoad({ filter: /\/tsyringe\/dist\/esm5\/index\.js$/ }, ({ path }) => ({
      contents: first + readFileSync(path, 'utf8'),
    }));
  },
};

/** What all forms share. If links in node_modules were followed, names in the output would depend on the folder. */
const settings = (commit) => ({
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  preserveSymlinks: true,
  metafile: true,
  legalComments: 'none',
  charset: 'utf8',
  logLevel: 'warning',
  plugins: [withoutLocal, reflectFirst],
  define: { BUILT_FROM_COMMIT: JSON.stringify(shortCommit(commit) ?? '') },
});

/** @param {'esm' | 'cjs'} format */
export async function bundleOneFile(format, commit = commitOfSources()) {
  mkdirSync(ONE_FILE, { recursive: true });
  const outfile = `${ONE_FILE}/cakeless.${format === 'esm' ? 'mjs' : 'cjs'}`;
  const unfinished = `${outfile}.${process.pid}`; // the existing file may be running
  const { metafile } = await build({
    ...settings(commit),
    entryPoints: ['client/bundled/entry.ts'],
    outfile: unfinished,
    format,
    ...(format === 'esm' && { banner: { js: SHEBANG + REQUIRE } }),
  });
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, outfile);
  report(outfile, metafile);
  return outfile;
}

/** The entry point is built alone, so that it can report a missing chunk without needing one. */
async function bundleInstalled(commit) {
  const sources = digestOfSources('.'); // before they are read: one that changes meanwhile must count as changed
  const unfinished = `${INSTALLED}.${process.pid}`;
  const common = { ...settings(commit), format: 'esm' };
  const chunks = await build({
    ...common,
    entryPoints: { run: 'client/run.ts' },
    outdir: `${unfinished}/chunks`,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    splitting: true,
    write: false,
  });
  mkdirSync(`${unfinished}/chunks`, { recursive: true });
  for (const { path, text } of chunks.outputFiles)
    writeFileSync(path, needsRequire(text) ? `${REQUIRE}\n${text}` : text);
  await build({
    ...common,
    entryPoints: ['client/bundled/installed.ts'],
    outfile: `${unfinished}/cakeless.mjs`,
    banner: { js: SHEBANG.trimEnd() },
    plugins: [runIsAChunk],
  });
  chmodSync(`${unfinished}/cakeless.mjs`, 0o755);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const built = { version, commit: commit ?? null, sources };
  writeFileSync(`${unfinished}/build.json`, `${JSON.stringify(built, null, 2)}\n`);
  replaceFolder(INSTALLED, unfinished);
  mkdirSync(META, { recursive: true });
  // without the folder's temporary name
  const folder = relative('.', unfinished);
  const meta = JSON.stringify(chunks.metafile).replaceAll(`"${folder}/`, '"');
  writeFileSync(`${META}/client.json`, meta);
  report(`${INSTALLED}/`, chunks.metafile);
}

/** Only one chunk contains esbuild's function for CommonJS packages, so only that one gets createRequire. */
const needsRequire = (text) => text.includes('Dynamic require of ');

const runIsAChunk = {
  name: 'run-is-a-chunk',
  setup(build) {
    const path = './chunks/run.mjs';
    build.onResolve({ filter: /\/run\.ts$/ }, () => ({ path, external: true }));
  },
};

/** The old folder may be in use, so it is only renamed before it is removed. */
function replaceFolder(folder, replacement) {
  const old = `${folder}.${process.pid}.old`;
  try {
    renameSync(folder, old);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  renameSync(replacement, folder);
  rmSync(old, { recursive: true, force: true });
}

function report(file, { outputs }) {
  const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
  console.log(`${file}  ${Math.ceil(bytes / 1024)} KB`);
}

async function main() {
  const commit = commitOfSources();
  await bundleOneFile('esm', commit);
  await bundleInstalled(commit);
  await writeReference();
}

/** Completion scripts and manual pages, generated by running the sources. */
async function writeReference() {
  const program = resolve(META, 'reference.mjs');
  const { metafile: _, ...common } = settings(undefined);
  await build({
    ...common,
    entryPoints: ['client/bundled/write-reference.ts'],
    outfile: program,
    format: 'esm',
    banner: { js: REQUIRE },
  });
  const { writeReference: write } = await import(pathToFileURL(program).href);
  write(OUT, dateOfSources());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
