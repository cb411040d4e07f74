/** Builds dist/package, the folder that is published on npm: the bundle, without dependencies. */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesIn, type License } from './contents.ts';

const PACKAGE = 'dist/package';

/** Folders of dist/ that become folders of the package. */
const FOLDERS = ['bundle', 'man', 'completion', 'schemas', 'infra'];

export function makeNpmPackage(licenses: readonly License[]): string {
  rmSync(PACKAGE, { recursive: true, force: true });
  mkdirSync(PACKAGE, { recursive: true });
  for (const folder of FOLDERS)
    for (const name of filesIn(join('dist', folder)))
      put(join('dist', folder, name), join(folder, name));
  for (const name of ['LICENSE', 'CHANGELOG.md']) put(name, name);
  put('release/npm/README.md', 'README.md');
  for (const { name, text } of licenses) writeFileSync(join(PACKAGE, name), text, { mode: 0o644 });
  const root = JSON.parse(readFileSync('package.json', 'utf8'));
  const listed = [...FOLDERS, ...licenses.map(({ name }) => name)];
  const pages = filesIn(join('dist', 'man')).map((name) => `./man/${name}`);
  writeFileSync(
    join(PACKAGE, 'package.json'),
    `${JSON.stringify(packageJson(root, listed, pages), null, 2)}\n`,
  );
  return PACKAGE;
}

/** The modes must not depend on the umask of the person who builds. */
function put(from: string, name: string): void {
  const to = join(PACKAGE, name);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  chmodSync(to, name === 'bundle/cakeless.mjs' ? 0o755 : 0o644);
}

interface RootPackage {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/**
 * @param files folders and files of the package; package.json, README and LICENSE are always in it
 * @param man the manual pages: npm does not install those of a folder (`directories.man`)
 */
export function packageJson(root: RootPackage, files: readonly string[], man: readonly string[]) {
  const { version, description, license, engines } = root;
  return {
    ...{ name: 'cakeless', version, description, license, type: 'module', engines },
    bin: { cakeless: 'bundle/cakeless.mjs' },
    man,
    files: [...files, 'CHANGELOG.md'],
    exports: {
      './infra': { types: './infra/index.d.ts', default: './infra/index.js' },
      './package.json': './package.json',
    },
    ...cdkPeers(root),
  };
}

/** Only those who import the constructs need them, and those have them. */
function cdkPeers({ devDependencies }: RootPackage) {
  const names = ['aws-cdk-lib', 'constructs'];
  return {
    peerDependencies: Object.fromEntries(names.map((name) => [name, devDependencies[name]])),
    peerDependenciesMeta: Object.fromEntries(names.map((name) => [name, { optional: true }])),
  };
}
