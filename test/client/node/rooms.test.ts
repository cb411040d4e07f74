/**
 * The rooms of `client/node`: a folder answers one question, and imports go down the table only. A room that is not in the
 * table fails, and so does an import that its row does not list. `test/client/rooms.test.ts` has the rooms around it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** What happens on a node. Each room may import only rooms further down. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
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
  csr: ['state', 'disk'],
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

/** undefined for a file outside `client/node`, or directly in it. */
function roomOf(file: string): string | undefined {
  if (!file.startsWith('client/node/')) return undefined;
  const [room, ...rest] = file.slice('client/node/'.length).split('/');
  return rest.length > 0 ? room : undefined;
}

const names = Object.keys(ROOMS);

it('lists exactly the rooms that exist', () => {
  const found = readdirSync('client/node', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(found.sort()).toEqual([...names].sort());
});

it('goes down only', () => {
  const wrong = names.flatMap((room, i) =>
    (ROOMS[room] ?? [])
      .filter((other) => names.indexOf(other) <= i)
      .map((other) => `${room} is above ${other}`),
  );
  expect(wrong).toEqual([]);
});

it.each(names)('%s imports only the rooms in its row', (room) => {
  const own = sources.filter(({ file }) => roomOf(file) === room);
  expect(own).not.toEqual([]);
  const wrong = own.flatMap(({ file, imports }) =>
    imports
      .filter((target) => {
        const other = roomOf(target);
        return other !== undefined && other !== room && !ROOMS[room]?.includes(other);
      })
      .map((target) => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

it('client/node has no files outside its rooms', () => {
  const files = sources
    .map(({ file }) => file)
    .filter((file) => file.startsWith('client/node/') && roomOf(file) === undefined);
  expect(files).toEqual([]);
});
