/** Dependencies point inwards, and the core uses nothing from outside that it is not given. */
import { importsNotAllowed, readSources, type Source } from './support/imports.ts';

/** What each folder may import from, besides itself. `client` puts the pieces together for `cakeless local`. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  lib: [],
  functions: ['lib'],
  local: ['lib'],
  client: ['lib', 'functions', 'local'],
  infra: ['lib', 'functions'],
  release: ['client'],
};

/** The folders of lib that talk to the outside; everything else there is the pure core. */
const ADAPTERS = ['lib/aws/', 'lib/files/'];

const sources = readSources(...Object.keys(MAY_IMPORT));
const core = sources.filter(
  ({ file }) => file.startsWith('lib/') && !ADAPTERS.some((folder) => file.startsWith(folder)),
);

const layerOf = (file: string) => file.split('/')[0] ?? '';

it.each(Object.keys(MAY_IMPORT))('%s imports only from folders further in', (folder) => {
  const own = sources.filter(({ file }) => layerOf(file) === folder);
  expect(own.length).toBeGreaterThan(0);
  expect(importsNotAllowed(MAY_IMPORT, own, layerOf)).toEqual([]);
});

/** The folders of client that start the command or run it; all others are below the commands. */
const ABOVE = ['command-line', 'commands', 'bundled', 'demo', 'reference'];

it('in client, nothing below the commands imports from them', () => {
  const below = sources.filter(
    ({ file }) => /^client\/.+\//.test(file) && !ABOVE.includes(file.split('/')[1] ?? ''),
  );
  expect(below.length).toBeGreaterThan(40);
  const isAbove = (target: string) => /^client\/(?:commands\/|main\.ts$)/.test(target);
  expect(imports(below, isAbove)).toEqual([]);
});

/** The core's own dependencies; @peculiar/x509 makes CA certificates, and reads no CSR. */
const CORE_PACKAGES = ['node:crypto', 'node:net', 'zod/mini', '@peculiar/x509', 'reflect-metadata'];

it('the core imports no AWS SDK, no file system, no network', () => {
  const wrong = core.flatMap(({ file, packages }) =>
    packages
      .filter((name) => !CORE_PACKAGES.includes(name))
      .map((name) => `${file} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

/** What any file may ask the file system, because nothing changes and nothing can stop it. */
const HARMLESS = [
  'accessSync',
  'constants',
  'existsSync',
  'lstatSync',
  'readdirSync',
  'readlinkSync',
  'realpathSync',
  'statfsSync',
  'statSync',
];

/** Programs that run on the machine of a person, in folders that they make: they need no protection from others. */
const OWN_FOLDERS = [
  'client/demo/',
  'client/bundled/write-reference.ts',
  'client/bundle.mjs',
  'client/build-binary.mjs',
  'client/built-from.mjs',
  'client/cakeless.mjs',
  'client/build-schemas.ts',
];
/** `cakeless local` has its own rules for its data. */
const OF_LOCAL = ['client/commands/local.ts'];

it('the command reads, writes and removes files only through lib/files', () => {
  const client = sources.filter(
    ({ file }) =>
      /^(?:client|lib)\//.test(file) &&
      ![...OWN_FOLDERS, ...OF_LOCAL, 'lib/files/'].some((start) => file.startsWith(start)),
  );
  const wrong = client.flatMap(({ file, text }) =>
    fileSystemNames(text)
      .filter((name) => !HARMLESS.includes(name))
      .map((name) => `${file} imports ${name}`),
  );
  expect(wrong).toEqual([]);
  expect(fileSystemNames("import { rmSync as rm, type Stats } from 'fs';")).toEqual(['rmSync']);
  expect(fileSystemNames("import * as fs from 'node:fs/promises';")).toEqual(['* as fs']);
});

/** The names that a file imports from the file system; types are harmless. */
function fileSystemNames(text: string): string[] {
  const imports = text.matchAll(/^(?:import|export) ([^;]*?) from '(?:node:)?fs(?:\/promises)?'/gm);
  const dynamic = /(?:import|require)\(\s*'(?:node:)?fs/.test(text) ? ['import()'] : [];
  const names = [...imports].flatMap(([, clause = '']) => {
    const [, list] = /^\{([^}]*)\}$/s.exec(clause.trim()) ?? [];
    return list === undefined ? [clause.trim()] : list.split(',').map((name) => name.trim());
  });
  const values = names.filter((name) => name !== '' && !name.startsWith('type '));
  return [...values.map((name) => name.replace(/ as (?!fs\b).*/, '')), ...dynamic];
}

it('the core imports no adapter', () => {
  expect(imports(core, (target) => ADAPTERS.some((folder) => target.startsWith(folder)))).toEqual(
    [],
  );
});

it.each([
  ['the clock', /\bDate\.now\(|new Date\(\)|performance\.now/],
  ['randomness', /\brandom(?:Bytes|UUID|Int|FillSync)\s*\(|Math\.random|getRandomValues/],
  ['the environment', /\bprocess\.(?:env|argv|cwd|exit)/],
  ['the console', /\bconsole\./],
  ['timers', /\bset(?:Timeout|Interval|Immediate)\(/],
])('the core does not use %s', (_, pattern) => {
  // a port that is called randomBytes is passed in as service.randomBytes, or as a parameter of that name
  const wrong = core
    .filter(({ text }) =>
      pattern.test(text.replace(/(?:service\.|=> )?\brandomBytes(?=\()/g, 'passedIn')),
    )
    .map(({ file }) => file);
  expect(wrong).toEqual([]);
});

it('the core imports no random functions from node:crypto', () => {
  const taken = core.filter(({ text }) =>
    /import \{[^}]*\brandom[^}]*\} from 'node:crypto'/s.test(text),
  );
  expect(taken.map(({ file }) => file)).toEqual([]);
});

/** What compares KeyObjects; buffers are compared by the same name. */
const COMPARES_KEYS =
  /(?:[kK]ey|keyObject)(?:\([^()]*\))?\.equals\(|\.equals\((?:createP|[\w.]*[kK]ey\b)/;

it('keys are compared only by isSameKey, so that no error stays in the queue of OpenSSL', () => {
  const wrong = sources.flatMap(({ file, text }) =>
    text
      .split('\n')
      .filter((line) => COMPARES_KEYS.test(line) && !/bufferOf\(|^\s*\*/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(wrong.filter((one) => !one.startsWith('lib/csr/same-key.ts'))).toEqual([]);
});

it('the sign function does not load @peculiar/x509', () => {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    for (const name of byFile.get(file)?.packages ?? []) packages.add(name);
    for (const target of byFile.get(file)?.files ?? []) visit(target);
  };
  visit('functions/sign.ts');
  expect([...packages]).not.toContain('@peculiar/x509');
  expect([...files]).toContain('lib/issuance/process-request.ts');
});

it('finds the files of the core', () => {
  expect(core.length).toBeGreaterThan(30);
});

/** The imports of the sources whose target `isWrong`. */
function imports(from: readonly Source[], isWrong: (target: string) => boolean): string[] {
  return from.flatMap(({ file, files }) =>
    files.filter(isWrong).map((target) => `${file} imports ${target}`),
  );
}
