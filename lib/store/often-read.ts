/** Documents that are read for every request and rarely change: they are read each time, but parsed only when they change. */
import { MAX_DOCUMENT_BYTES, parseDocumentObject, parseJson, readText } from './documents.ts';
import type { ObjectReader, ObjectStore } from './object-store.ts';

/** A bucket that can report whether an object has changed since it was read. */
export type RevalidatingReader = Pick<ObjectStore, 'get' | 'getIfChanged'>;

/** Parses the JSON value of a document; must not depend on anything else. */
type Understand<T> = (value: unknown) => T;

/** Compares the bytes, so it does not matter who wrote them. */
export async function readOften<T>(
  store: ObjectReader,
  key: string,
  understand: Understand<T>,
): Promise<T | undefined> {
  const text = await readText(store, key);
  if (text === undefined) return undefined;
  const known = keptOf(store).get(key);
  if (known?.version === text && known.understand === understand) return known.meaning as T;
  const meaning = understand(parseJson(text, key));
  keep(store, key, { version: text, understand, meaning });
  return meaning;
}

/**
 * The same, but the document is sent only if its ETag has changed. S3's ETag is MD5, so a writer who chooses the bytes of
 * two versions can give both the same one, and this would not see the second: use it for documents that Cakeless alone
 * writes.
 */
export async function readRevalidated<T>(
  store: RevalidatingReader,
  key: string,
  understand: Understand<T>,
): Promise<T | undefined> {
  const known = keptOf(store).get(key);
  const object =
    known?.understand === understand
      ? await store.getIfChanged(key, MAX_DOCUMENT_BYTES, known.version)
      : await store.get(key, MAX_DOCUMENT_BYTES);
  if (object === 'unchanged') return known?.meaning as T;
  if (!object) return undefined;
  const meaning = understand(parseDocumentObject(object, key));
  keep(store, key, { version: object.eTag, understand, meaning });
  return meaning;
}

/** The parsed document as it was last read; undefined if it has not been read yet. It may have changed since. */
export function lastRead<T>(
  store: ObjectReader,
  key: string,
  understand: Understand<T>,
): T | undefined {
  const known = keptOf(store).get(key);
  return known?.understand === understand ? (known.meaning as T) : undefined;
}

interface Kept {
  /** The text, or the ETag. */
  readonly version: string;
  readonly understand: unknown;
  readonly meaning: unknown;
}

/** By bucket: an ETag says nothing about objects of other buckets. */
const buckets = new WeakMap<ObjectReader, Map<string, Kept>>();
const MOST_KEPT = 1000;

function keptOf(store: ObjectReader): Map<string, Kept> {
  const kept = buckets.get(store) ?? new Map<string, Kept>();
  buckets.set(store, kept);
  return kept;
}

function keep(store: ObjectReader, key: string, document: Kept): void {
  const kept = keptOf(store);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(key, document);
}
