/** In a clone, the bundle is run if it was built from exactly these sources, and builds do not depend on the folder. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'cakeless-clones-')));
const SOURCES = [
  'client',
  'lib',
  'local',
  'functions',
  'docs',
  'package.json',
  'package-lock.json',
];

/** A copy of the sources, at a path whose length differs from that of others. */
function clone(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const source of SOURCES) cpSync(source, join(folder, source), { recursive: true });
  symlinkSync(realpathSync('node_modules'), join(folder, 'node_modules'));
  return folder;
}

const node = (folder: string, ...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

const digestOfSources = (folder: string) =>
  node(
    folder,
    ...['--input-type=module', '-e'],
    "import { digestOfSources } from './client/built-from.mjs'; process.stdout.write(digestOfSources('.'))",
  );

afterAll(() => rmSync(root, { recursive: true }));

it('builds in two folders have the same bytes', () => {
  const clones = [clone('a'), clone('some/other/folder')];
  const built = clones.map((folder) => {
    node(folder, 'client/bundle.mjs');
    const out = join(folder, 'dist');
    const files = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('meta'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    return files.map((file) => [file.slice(out.length), readFileSync(file, 'utf8')]);
  });
  expect(built[0]?.length).toBeGreaterThan(80);
  expect(built[1]).toEqual(built[0]);
});

it('a source that changes while it is built counts as changed', () => {
  const folder = clone('changing');
  const hook = `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const write = fs.writeFileSync;
    fs.writeFileSync = (...args) => {
      fs.writeFileSync = write;
      syncBuiltinESMExports();
      fs.appendFileSync('lib/names.ts', '\\n');
      return write(...args);
    };
    syncBuiltinESMExports();`;
  const before = digestOfSources(folder);
  node(folder, '--import', `data:text/javascript,${encodeURIComponent(hook)}`, 'client/bundle.mjs');
  const { sources } = JSON.parse(readFileSync(join(folder, 'dist/bundle/build.json'), 'utf8'));
  expect(sources).toBe(before);
  expect(digestOfSources(folder)).not.toBe(before);
});

describe('client/cakeless.mjs', () => {
  let folder: string;
  beforeAll(() => {
    folder = clone('launcher');
    node(folder, 'client/bundle.mjs');
    // to see that it is the bundle that runs
    writeFileSync(
      join(folder, 'dist/bundle/chunks/run.mjs'),
      "export const run = (args, form) => console.log('the bundle', args.join(' '), form.inClone);\n",
    );
  });

  const cakeless = (...args: string[]) => node(folder, '--', 'client/cakeless.mjs', ...args);

  it('runs the bundle that was built from its sources', () => {
    expect(cakeless('renew', 'all')).toBe('the bundle renew all true\n');
  });

  it('runs cakeless local from the sources', () => {
    expect(cakeless('local', '--help')).toContain('--write-env');
    expect(cakeless('help', 'local')).toContain('--write-env');
  });

  it.each(['client/node/renewal/renew.ts', 'lib/names.ts', 'package-lock.json'])(
    'runs the sources after %s was changed',
    (file) => {
      const path = join(folder, file);
      const before = readFileSync(path, 'utf8');
      appendFileSync(path, '\n');
      const changed = cakeless('--help');
      writeFileSync(path, before);
      expect(changed).toMatch(/^Usage: cakeless/);
      expect(cakeless('--help')).toBe('the bundle --help true\n');
    },
  );
});
