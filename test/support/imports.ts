/** Reads who imports whom, for the tests that keep the layers of the repository in order. */
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

/** Returns the layer of a file, or undefined if the caller's rule does not cover the file. */
export type LayerOf = (file: string) => string | undefined;

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
 * Every folder and every file directly in `folder` is a layer, by its name:
 * `layerIn('lib')` returns `ca` for `lib/ca/ca-keys.ts` and `duration.ts` for `lib/duration.ts`.
 */
export function layerIn(folder: string): LayerOf {
  const prefix = `${folder}/`;
  return (file) => (file.startsWith(prefix) ? file.slice(prefix.length).split('/')[0] : undefined);
}

/**
 * The imports that go the wrong way. `order` lists the layers from the outermost to the innermost, and a layer may
 * import from itself and from the layers after it. Layers on one level, written as a list, may not import from one
 * another. A file whose layer is not in `order` is reported too, so that a new layer must be added.
 */
export function importsAgainst(
  order: readonly (string | readonly string[])[],
  sources: readonly Source[],
  layerOf: LayerOf,
): string[] {
  const levels = new Map(
    order.flatMap((names, level) => [names].flat().map((name) => [name, level])),
  );
  const placed = (layer: string | undefined) =>
    layer === undefined ? -1 : (levels.get(layer) ?? -1);
  return sources.flatMap(({ file, files }) => {
    const from = layerOf(file);
    if (from === undefined) return [];
    if (!levels.has(from)) return [`${file} is in a layer that the order does not list`];
    return files
      .filter((target) => {
        const to = layerOf(target);
        return to !== undefined && to !== from && placed(to) <= placed(from);
      })
      .map((target) => `${file} imports ${target}`);
  });
}

/**
 * The imports that `allowed` does not list: it maps each layer to the layers that it may import from, besides itself.
 * A file whose layer is not in `allowed` is reported too, so that a new layer must be added.
 */
export function importsNotAllowed(
  allowed: Readonly<Record<string, readonly string[]>>,
  sources: readonly Source[],
  layerOf: LayerOf,
): string[] {
  return sources.flatMap(({ file, files }) => {
    const from = layerOf(file);
    if (from === undefined) return [];
    const targets = allowed[from];
    if (!targets) return [`${file} is in a layer that is not listed`];
    return files
      .filter((target) => {
        const to = layerOf(target);
        return to !== undefined && to !== from && !targets.includes(to);
      })
      .map((target) => `${file} imports ${target}`);
  });
}

/**
 * A cycle of layers, as the imports that close it, or an empty list. Two layers that import from each other are a cycle
 * even if no two of their files import each other.
 */
export function findCycle(sources: readonly Source[], layerOf: LayerOf): string[] {
  const edges = edgesBetween(sources, layerOf);
  const done = new Set<string>();
  const visit = (layer: string, path: readonly string[]): string[] => {
    const start = path.indexOf(layer);
    if (start >= 0) return [...path.slice(start), layer];
    if (done.has(layer)) return [];
    for (const next of edges.get(layer)?.keys() ?? []) {
      const cycle = visit(next, [...path, layer]);
      if (cycle.length > 0) return cycle;
    }
    done.add(layer);
    return [];
  };
  for (const layer of edges.keys()) {
    const cycle = visit(layer, []);
    if (cycle.length > 0)
      return cycle.slice(1).map((to, index) => edges.get(cycle[index] ?? '')?.get(to) ?? '');
  }
  return [];
}

/** Maps each layer to the layers that it imports from, with the first such import. */
function edgesBetween(sources: readonly Source[], layerOf: LayerOf) {
  const edges = new Map<string, Map<string, string>>();
  for (const { file, files } of sources) {
    const from = layerOf(file);
    if (from === undefined) continue;
    const targets = edges.get(from) ?? new Map<string, string>();
    edges.set(from, targets);
    for (const target of files) {
      const to = layerOf(target);
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
