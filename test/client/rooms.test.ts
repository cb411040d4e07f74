/**
 * The rooms of `client` and `client/node`: a folder answers one question, and imports go down the tables only. A room that
 * is not in its table fails, and so does an import that its row does not list.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

type Rooms = Readonly<Record<string, readonly string[]>>;

/** What the command line consists of. Files directly in `client` belong to no room. */
const CLIENT: Rooms = {
  /** Options, words and exit codes. */
  commands: ['node', 'operator', 'users', 'kubeadm'],
  /** `npm run demo`. */
  demo: ['node'],
  /** The entry point of the bundle. */
  bundled: [],
  /** What the platform team does. */
  operator: ['users', 'node', 'kubeadm'],
  /** Keys and kubeconfigs of people. */
  users: ['node', 'kubeadm'],
  /** What happens on a node. */
  node: ['kubeadm'],
  /** How kubeadm's configuration is read. */
  kubeadm: [],
};

/** What happens on a node. Each room may import only rooms further down. */
const NODE: Rooms = {
  /** How does this node renew automatically? */
  timer: ['restart', 'state', 'disk'],
  /** How is a certificate renewed? */
  renewal: ['rollback', 'fetch', 'install', 'trust', 'exchange', 'restart', 'csr', 'state', 'disk'],
  /** How does a new node get everything that kubeadm needs? */
  prepare: ['fetch', 'trust', 'exchange', 'expiry', 'csr', 'state', 'disk'],
  /** How are the old files restored? */
  rollback: ['install', 'trust', 'restart', 'state', 'disk'],
  /** What is the outcome of a request? */
  fetch: ['trust', 'exchange', 'csr', 'state', 'disk'],
  /** How do files change, all or none? */
  install: ['trust', 'exchange', 'restart', 'state', 'disk'],
  /** Why is this CA, this certificate believed? */
  trust: ['exchange', 'disk'],
  /** How does a request travel? */
  exchange: ['restart', 'csr', 'state', 'disk'],
  /** When does which certificate expire? */
  expiry: ['csr', 'disk'],
  /** How does a component use new files, and is it healthy? */
  restart: ['disk'],
  /** What does a certificate have to contain? */
  csr: ['disk'],
  /** Who is this node, and what does Cakeless remember on it? */
  state: ['disk'],
  /** Which files does a node have? */
  disk: [],
};

interface Source {
  readonly file: string;
  /** Files that it imports, types included. */
  readonly imports: readonly string[];
}

const sources: Source[] = readdirSync('client', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => {
    const file = join('client', name);
    const found = readFileSync(file, 'utf8').matchAll(
      /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'(\.[^']+)'/g,
    );
    const imports = [...found].map(([, path = '']) => normalize(join(dirname(file), path)));
    return { file, imports };
  });

/** The room of a file inside a folder; undefined for a file outside, or directly in it. */
function roomIn(folder: string, file: string): string | undefined {
  const [room, ...rest] = file.startsWith(`${folder}/`)
    ? file.slice(folder.length + 1).split('/')
    : [];
  return rest.length > 0 ? room : undefined;
}

describe.each([
  ['client', CLIENT],
  ['client/node', NODE],
])('%s', (folder, rooms) => {
  const names = Object.keys(rooms);

  it('has exactly the rooms of the table', () => {
    const found = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(found.sort()).toEqual([...names].sort());
  });

  it('has a table that goes down only', () => {
    const wrong = names.flatMap((room, i) =>
      (rooms[room] ?? [])
        .filter((other) => names.indexOf(other) <= i)
        .map((other) => `${room} is above ${other}`),
    );
    expect(wrong).toEqual([]);
  });

  it.each(names)('%s imports only the rooms in its row', (room) => {
    const own = sources.filter(({ file }) => roomIn(folder, file) === room);
    expect(own).not.toEqual([]);
    const wrong = own.flatMap(({ file, imports }) =>
      imports
        .filter((target) => {
          const other = roomIn(folder, target);
          return other !== undefined && other !== room && !rooms[room]?.includes(other);
        })
        .map((target) => `${file} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

it('client/node has no files outside its rooms', () => {
  const files = sources
    .map(({ file }) => file)
    .filter((file) => file.startsWith('client/node/') && roomIn('client/node', file) === undefined);
  expect(files).toEqual([]);
});

it('only the commands and the entry points know exit codes', () => {
  const know = sources
    .filter(({ imports }) => imports.includes('client/exit-codes.ts'))
    .map(({ file }) => file)
    .filter((file) => roomIn('client', file) !== 'commands');
  expect(know.sort()).toEqual(['client/main.ts', 'client/run.ts']);
});

it('no room imports the entry point', () => {
  const wrong = sources
    .filter(({ file, imports }) => roomIn('client', file) && imports.includes('client/main.ts'))
    .map(({ file }) => file);
  expect(wrong).toEqual([]);
});
