/** The layers of client, and which may import which. `node/layers.test.ts` orders the folders of client/node. */
import { importsNotAllowed, type LayerOf, readSources } from '../support/imports.ts';

/** Files directly in client/ that start the command and put it together. */
const START = ['main.ts', 'run.ts', 'help.ts', 'unknown-first.ts'];
/** Run when the command is built, and not part of it. */
const BUILD = ['build-schemas.ts'];
/** Files directly in client/ that decide what a process returns, or parse what it was given. */
const EDGE = ['exit-codes.ts', 'options.ts', 'suggestions.ts'];
/** Files directly in client/ that start `cakeless local`. */
const LOCAL = ['local-environments.ts', 'local-service.ts'];

/** Every other file directly in client/: any layer may use it, and it uses no layer. */
const BASE = [
  'buckets.ts',
  'clock.ts',
  'errors.ts',
  'home.ts',
  'incomplete.ts',
  'open-bucket.ts',
  'output.ts',
  'parse-yaml.ts',
  'plain-text.ts',
  'prompt.ts',
  'read-text.ts',
  'terminal.ts',
  'version.ts',
  'read-record.ts',
  'side-by-side.ts',
  'system-errors.ts',
  'table.ts',
  'write-over.ts',
  'yaml-depth.ts',
  'yaml-problem.ts',
];

/** Layers from the outside in; each may also import from itself and from base. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bundled: ['start', 'command-line', 'reference'],
  build: ['schemas'],
  demo: ['node', 'connection', 'local', 'wording'],
  start: ['command-line', 'connection', 'edge'],
  'command-line': ['commands', 'reference', 'schemas', 'users', 'node', 'connection', 'edge'],
  commands: [
    'reference',
    'approvals',
    'adoption',
    'subordinate',
    'rotation',
    'operator',
    'users',
    'schemas',
    'node',
    'kubeadm',
    'connection',
    'csrsigning',
    'cluster-trust',
    'kubernetes',
    'local',
    'edge',
    'wording',
  ],
  local: [],
  reference: ['edge'],
  edge: [],
  adoption: ['operator', 'node', 'wording'],
  subordinate: ['operator', 'node', 'rotation'],
  rotation: ['operator'],
  operator: ['node', 'kubeadm'],
  users: ['node', 'wording'],
  schemas: ['adoption', 'node'],
  approvals: ['wording'],
  connection: ['node'],
  csrsigning: ['cluster-trust', 'kubernetes', 'node', 'wording'],
  'cluster-trust': ['kubernetes', 'node'],
  kubernetes: ['node'],
  node: ['kubeadm', 'wording'],
  kubeadm: [],
  wording: [],
  base: [],
};

const layerOf: LayerOf = (file) => {
  if (!file.startsWith('client/')) return undefined;
  const [name = '', ...inner] = file.split('/').slice(1);
  if (inner.length > 0) return name;
  if (START.includes(name)) return 'start';
  if (BUILD.includes(name)) return 'build';
  if (EDGE.includes(name)) return 'edge';
  if (LOCAL.includes(name)) return 'local';
  if (name === 'connection.ts') return 'connection';
  return BASE.includes(name) ? 'base' : name;
};

/** The command itself; the `.mjs` files start it or bundle it. */
const sources = readSources('client').filter(({ file }) => file.endsWith('.ts'));

const MAY_IMPORT_WITH_BASE = Object.fromEntries(
  Object.entries(MAY_IMPORT).map(([layer, inner]) => [layer, ['base', ...inner]]),
);

it('every file belongs to a listed layer', () => {
  const layers = sources.map(({ file }) => layerOf(file));
  expect([...new Set(layers)].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

it.each(Object.keys(MAY_IMPORT))('%s imports only from layers further in', (layer) => {
  const own = sources.filter(({ file }) => layerOf(file) === layer);
  expect(importsNotAllowed(MAY_IMPORT_WITH_BASE, own, layerOf)).toEqual([]);
});

it('only the command line uses commander', () => {
  const outer = ['bundled', 'reference', 'start', 'command-line', 'edge'];
  const users = sources.filter(({ packages }) => packages.includes('commander'));
  expect(users.length).toBeGreaterThan(10);
  expect(
    users.map(({ file }) => file).filter((file) => !outer.includes(layerOf(file) ?? '')),
  ).toEqual([]);
});

it('there are no import cycles between layers', () => {
  const behind = (layer: string, seen = new Set<string>()): Set<string> => {
    for (const next of MAY_IMPORT[layer] ?? []) if (!seen.has(next)) behind(next, seen.add(next));
    return seen;
  };
  expect(Object.keys(MAY_IMPORT).filter((layer) => behind(layer).has(layer))).toEqual([]);
});

it('only the commands and the entry points use exit codes', () => {
  const users = sources
    .filter(({ files }) => files.includes('client/exit-codes.ts'))
    .map(({ file }) => file)
    .filter((file) => !['commands', 'command-line'].includes(layerOf(file) ?? ''));
  expect(users.sort()).toEqual(['client/main.ts', 'client/run.ts']);
});
