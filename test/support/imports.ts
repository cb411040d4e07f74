/** Reads who imports whom, for the tests that keep the rooms of the repository in order. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Source {
  /** From the root of the repository, like all paths here: `lib/ca/ca-keys.ts`. */
  readonly file: string;
  readonly text: string;
  /** The files of the repository that it imports, types and `import()` included. */
  readonly files: readonly string[];
  /** The packages that it imports, those of Node.js included, as they are written. */
  readonly packages: readonly string[];
}

/** The room of a file, or undefined for a file that the caller's rule does not cover. */
export type RoomOf = (file: string) => string | undefined;

/** The modules (`.ts`, `.mts`, `.mjs`) of the folders, in the order of their paths. */
export function readSources(...folders: readonly string[]): Source[] {
  return folders.flatMap(modulesIn).map((file) => {
    const text = readFileSync(file, 'utf8');
    const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^']+)'/g);
    const specifiers = [...found].map(([, specifier = '']) => specifier);
    return {
      file,
      text,
      files: specifiers.filter(isRelative).map((it) => normalize(join(dirname(file), it))),
      packages: specifiers.filter((it) => !isRelative(it)),
    };
  });
}

/**
 * Every folder directly in `folder` is a room, and so is every file directly in it, by its name:
 * `roomIn('lib')` finds `ca` for `lib/ca/ca-keys.ts` and `duration.ts` for `lib/duration.ts`.
 */
export function roomIn(folder: string): RoomOf {
  const prefix = `${folder}/`;
  return (file) => (file.startsWith(prefix) ? file.slice(prefix.length).split('/')[0] : undefined);
}

/**
 * The imports that go the wrong way. `order` lists the rooms from the outermost to the innermost, and a room may
 * import from itself and from what comes after it. Rooms on one level, written as a list, do not import from one
 * another. A file whose room is not in `order` is a finding, too: a new room has to be given its place.
 */
export function importsAgainst(
  order: readonly (string | readonly string[])[],
  sources: readonly Source[],
  roomOf: RoomOf,
): string[] {
  const levels = new Map(
    order.flatMap((rooms, level) => [rooms].flat().map((room) => [room, level])),
  );
  const placed = (room: string | undefined) => (room === undefined ? -1 : (levels.get(room) ?? -1));
  return sources.flatMap(({ file, files }) => {
    const from = roomOf(file);
    if (from === undefined) return [];
    if (!levels.has(from)) return [`${file} is in a room that the order does not list`];
    return files
      .filter((target) => {
        const to = roomOf(target);
        return to !== undefined && to !== from && placed(to) <= placed(from);
      })
      .map((target) => `${file} imports ${target}`);
  });
}

/**
 * A cycle of rooms, as the imports that close it, or an empty list. Files of a cycle need not form one: two rooms
 * that import from each other are a cycle even if no two of their files are.
 */
export function findCycle(sources: readonly Source[], roomOf: RoomOf): string[] {
  const edges = edgesBetween(sources, roomOf);
  const done = new Set<string>();
  const visit = (room: string, path: readonly string[]): string[] => {
    const start = path.indexOf(room);
    if (start >= 0) return [...path.slice(start), room];
    if (done.has(room)) return [];
    for (const next of edges.get(room)?.keys() ?? []) {
      const cycle = visit(next, [...path, room]);
      if (cycle.length > 0) return cycle;
    }
    done.add(room);
    return [];
  };
  for (const room of edges.keys()) {
    const cycle = visit(room, []);
    if (cycle.length > 0)
      return cycle.slice(1).map((to, index) => edges.get(cycle[index] ?? '')?.get(to) ?? '');
  }
  return [];
}

/** From each room to the rooms it imports from, with the first import that does so. */
function edgesBetween(sources: readonly Source[], roomOf: RoomOf) {
  const edges = new Map<string, Map<string, string>>();
  for (const { file, files } of sources) {
    const from = roomOf(file);
    if (from === undefined) continue;
    const targets = edges.get(from) ?? new Map<string, string>();
    edges.set(from, targets);
    for (const target of files) {
      const to = roomOf(target);
      if (to === undefined || to === from || targets.has(to)) continue;
      targets.set(to, `${file} imports ${target}`);
    }
  }
  return edges;
}

const isRelative = (specifier: string) => specifier.startsWith('.');

function modulesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$|\.mjs$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
