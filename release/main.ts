/**
 * `npm run release`: builds everything that a release consists of, in dist/release. Publishes nothing.
 *   --allow-dirty   build with uncommitted changes, to try it
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { gzipSync } from 'fflate';
import { CHECKSUMS, writeChecksums } from './checksums.ts';
import { filesIn, type License } from './contents.ts';
import { readEmbeddedNode } from './embedded-node.ts';
import { makeNpmPackage } from './npm-package.ts';
import { makeOsPackage, osPackages } from './os-packages.ts';
import { type Revision, readRevision } from './revision.ts';
import { bundledComponents } from './sbom/components.ts';
import { cycloneDx } from './sbom/cyclonedx.ts';
import { spdx } from './sbom/spdx.ts';

const OUT = 'dist/release';
const TOOLS = process.env.CAKELESS_TOOLS ?? join(homedir(), '.cache', 'cakeless-tools');
const NFPM = join(TOOLS, 'bin/nfpm');

async function makeRelease(made: Revision): Promise<void> {
  process.umask(0o022); // file modes must not depend on who builds
  build();
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT, { recursive: true });
  const node = readEmbeddedNode();
  const licenses = licensesOfBundle();
  makeOsPackages(made, licenses, { name: 'THIRD-PARTY-NOTICES.nodejs', text: node.license });
  packForNpm(made, licenses);
  for (const name of ['cakeless.mjs', 'cakeless-linux-x64', 'cakeless-linux-arm64'])
    copyFileSync(join('dist/client', name), join(OUT, name));
  writeFileSync(join(OUT, 'LICENSE.nodejs'), node.license);
  for (const { name, text } of licenses) writeFileSync(join(OUT, name), text);
  archiveTemplate(made);
  const components = bundledComponents(metafiles(), 'package-lock.json');
  const subject = { revision: made, components, node };
  const name = `cakeless-${made.version}`;
  writeJson(`${name}.cdx.json`, cycloneDx(subject));
  writeJson(`${name}.spdx.json`, spdx(subject));
  await writeChecksums(OUT);
  report(made);
}

/** build:template also builds the functions. */
const BUILDS = ['build:client', 'build:binary', 'build:schemas', 'build:infra', 'build:template'];

function build(): void {
  execFileSync('bash', ['test/tools/install.sh', 'nfpm'], { stdio: 'inherit' });
  if (!existsSync(NFPM)) throw new Error(`${NFPM} could not be built: install Go`);
  for (const script of BUILDS) npm('run', '--silent', script);
}

const npm = (...args: string[]) =>
  execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });

function makeOsPackages(made: Revision, bundle: readonly License[], node: License): void {
  const stage = mkdtempSync(join(tmpdir(), 'cakeless-release-'));
  try {
    for (const it of osPackages(made, { bundle, node }))
      makeOsPackage(it, { nfpm: NFPM, stage, out: OUT, revision: made });
  } finally {
    rmSync(stage, { recursive: true });
  }
}

function licensesOfBundle(): License[] {
  const name = 'THIRD-PARTY-NOTICES';
  const file = join('dist', name);
  execFileSync(process.execPath, ['release/notices.mjs', 'dist/meta', file]);
  return [{ name, text: readFileSync(file, 'utf8') }];
}

/** The CloudFormation template and its functions, for teams without Node.js. */
function archiveTemplate({ version, time }: Revision): void {
  const name = `cakeless-cloudformation-${version}`;
  const stable = ['--sort=name', `--mtime=${time.toISOString()}`, '--owner=0', '--group=0'];
  const from = ['--numeric-owner', '--mode=u=rwX,go=rX', `--transform=s|^template|${name}|`];
  const tar = execFileSync('tar', [...stable, ...from, '-C', 'dist', '-c', 'template'], {
    maxBuffer: 256 * 1024 * 1024,
  });
  writeFileSync(join(OUT, `${name}.tar.gz`), compress(tar));
}

function packForNpm({ version }: Revision, licenses: readonly License[]): void {
  npm('pack', `./${makeNpmPackage(licenses)}`, '--pack-destination', OUT, '--silent');
  const file = join(OUT, `cakeless-${version}.tgz`);
  writeFileSync(file, compress(gunzipSync(readFileSync(file))));
}

/** Not with Node's zlib, whose output differs between releases of Node.js. */
const compress = (bytes: Uint8Array) => gzipSync(bytes, { level: 9, mtime: 0 });

/** The client's metadata, and that of the functions: the package contains them for the constructs. */
function metafiles(): string[] {
  return filesIn('dist/meta')
    .filter((name) => name.endsWith('.json'))
    .map((name) => join('dist/meta', name));
}

const writeJson = (name: string, document: unknown) =>
  writeFileSync(join(OUT, name), `${JSON.stringify(document, null, 2)}\n`);

function report({ version, commit, changed }: Revision): void {
  const dirty = changed.length > 0 ? ', with uncommitted changes' : '';
  console.log(`\n${OUT}: cakeless ${version}, commit ${commit.slice(0, 12)}${dirty}`);
  for (const name of filesIn(OUT))
    console.log(`${megabytes(statSync(join(OUT, name)).size)}  ${name}`);
  console.log(
    `\nNothing was published. Next: check it (cd ${OUT} && sha256sum --check ${CHECKSUMS}), then follow docs/releasing.md`,
  );
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1).padStart(6)} MB`;

const { values: options } = parseArgs({ options: { 'allow-dirty': { type: 'boolean' } } });
const revision = readRevision();
if (revision.changed.length > 0 && !options['allow-dirty']) {
  console.error(
    `release: refused: files are not committed:\n${revision.changed.join('\n')}\n` +
      'release: hint: commit them, or use -- --allow-dirty to try the release',
  );
  process.exit(1);
}
await makeRelease(revision);
