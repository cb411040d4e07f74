/** The rooms of client: which may import which. `node/rooms.test.ts` orders the rooms inside client/node. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Files directly in client/ that start the command and put it together. */
const START = ['main.ts', 'run.ts', 'help.ts', 'system-errors.ts'];
/** Files directly in client/ that decide what a process returns, or parse what it was given. */
const EDGE = ['exit-codes.ts', 'options.ts'];
/** Files directly in client/ that start `cakeless local`. */
const LOCAL = ['local-environments.ts', 'local-service.ts'];

/** Every other file directly in client/: what any room may use, and what knows no room. */
const BASE = [
  'buckets.ts',
  'clock.ts',
  'errors.ts',
  'home.ts',
  'open-bucket.ts',
  'output.ts',
  'read-record.ts',
  'read-text.ts',
  'terminal.ts',
  'version.ts',
  'write-over.ts',
  'yaml-problem.ts',
];

/** Rooms from the outside in; each may also import from itself and from base. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bundled: ['start'],
  demo: ['node', 'connection', 'wording'],
  start: ['commands', 'connection', 'edge'],
  commands: [
    'approvals',
    'operator',
    'users',
    'node',
    'kubeadm',
    'connection',
    'local',
    'edge',
    'wording',
  ],
  local: [],
  edge: [],
  operator: ['node', 'kubeadm'],
  users: ['node', 'wording'],
  approvals: [],
  connection: ['node'],
  node: ['kubeadm', 'wording'],
  kubeadm: [],
  wording: [],
  base: [],
};

function roomOf(file: string): string {
  const [room = '', ...inner] = file.split('/').slice(1);
  if (inner.length > 0) return room;
  if (START.includes(room)) return 'start';
  if (EDGE.includes(room)) return 'edge';
  if (LOCAL.includes(room)) return 'local';
  if (room === 'connection.ts') return 'connection';
  return BASE.includes(room) ? 'base' : room;
}

const sources = readdirSync('client', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('client', file))
  .map((file) => {
    const text = readFileSync(file, 'utf8');
    const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'(\.[^']+)'/g);
    const imports = [...found].map(([, path = '']) => normalize(join(dirname(file), path)));
    return { file, text, imports: imports.filter((path) => path.startsWith('client/')) };
  });

it('every file belongs to a listed room', () => {
  const unlisted = sources.map(({ file }) => file).filter((file) => !(roomOf(file) in MAY_IMPORT));
  expect(unlisted).toEqual([]);
});

it.each(Object.entries(MAY_IMPORT))('%s imports only from rooms further in', (room, inner) => {
  const allowed = [room, 'base', ...inner];
  const files = sources.filter(({ file }) => roomOf(file) === room);
  const wrong = files.flatMap(({ file, imports }) =>
    imports
      .filter((path) => !allowed.includes(roomOf(path)))
      .map((path) => `${file} imports ${path}`),
  );
  expect(files.length).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
});

it('only the command line knows commander', () => {
  const outer = ['bundled', 'start', 'commands', 'edge'];
  const knowing = sources.filter(({ text }) => /from 'commander'/.test(text));
  expect(knowing.length).toBeGreaterThan(10);
  expect(
    knowing.filter(({ file }) => !outer.includes(roomOf(file))).map(({ file }) => file),
  ).toEqual([]);
});

it('no room can reach itself through another', () => {
  const behind = (room: string, seen = new Set<string>()): Set<string> => {
    for (const next of MAY_IMPORT[room] ?? []) if (!seen.has(next)) behind(next, seen.add(next));
    return seen;
  };
  expect(Object.keys(MAY_IMPORT).filter((room) => behind(room).has(room))).toEqual([]);
});

it('only the commands and the entry points know exit codes', () => {
  const know = sources
    .filter(({ imports }) => imports.includes('client/exit-codes.ts'))
    .map(({ file }) => file)
    .filter((file) => roomOf(file) !== 'commands');
  expect(know.sort()).toEqual(['client/main.ts', 'client/run.ts']);
});
