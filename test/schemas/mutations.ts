/** Variants of a document, each with one change; the schema that reads it and its JSON Schema must agree about them. */

export interface Mutation {
  readonly what: string;
  readonly document: unknown;
}

/** Values of every JSON type, and of the borders of numbers. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e9,
  '',
  'Ä b',
  '*',
  'a-b.c',
  [],
  [1],
  {},
  { a: 1 },
];

/** Each field left out, each value replaced by each of `VALUES`, and a field added to each object. */
export function* mutationsOf(document: unknown): Generator<Mutation> {
  for (const path of pathsIn(document)) {
    const where = path.join('.') || 'the document';
    const value = valueAt(document, path);
    if (path.length > 0)
      yield { what: `without ${where}`, document: changed(document, path, undefined) };
    for (const other of VALUES)
      yield {
        what: `${where} is ${JSON.stringify(other)}`,
        document: changed(document, path, () => other),
      };
    if (isObject(value))
      yield {
        what: `${where} has an unknown field`,
        document: changed(document, path, () => ({ ...value, unknownField: 1 })),
      };
  }
}

type Path = readonly (string | number)[];

function pathsIn(value: unknown, path: Path = []): Path[] {
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.slice(0, 1).map((item) => [0, item])
    : isObject(value)
      ? Object.entries(value)
      : [];
  return [path, ...entries.flatMap(([key, inner]) => pathsIn(inner, [...path, key]))];
}

const valueAt = (document: unknown, path: Path): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], document);

/** @param next undefined: the field is left out */
function changed(document: unknown, path: Path, next: (() => unknown) | undefined): unknown {
  const [last] = path.slice(-1);
  if (last === undefined) return next?.();
  const copy = structuredClone(document);
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string | number, unknown>;
  if (next) parent[last] = next();
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return copy;
}

const isObject = (value: unknown): value is object =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
