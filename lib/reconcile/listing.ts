/** Listings in pages, with a limit on their number: it bounds the time and the memory of a run. */
import type { ListedObject, ObjectStore } from '../store/object-store.ts';
import { compareKeys, endOf, justBefore } from './key-order.ts';

/** What S3 returns for one call. */
export const KEYS_PER_CALL = 1000;

/** The listing calls that a run, or a part of it, may still make. */
export class Calls {
  readonly #most: number;
  readonly #isLate: () => boolean;
  made = 0;

  /** @param isLate whether the run has to end, however many calls are left */
  constructor(most: number, isLate: () => boolean = () => false) {
    this.#most = most;
    this.#isLate = isLate;
  }

  get left(): boolean {
    return this.made < this.#most && !this.#isLate();
  }

  /** The next objects, as many as one call returns; fewer mean that no others follow. */
  async page(store: Pick<ObjectStore, 'list'>, prefix: string, after: string | undefined) {
    this.made += 1;
    const objects: ListedObject[] = [];
    for await (const object of store.list(prefix, after)) {
      objects.push(object);
      if (objects.length === KEYS_PER_CALL) break; // what follows would be another call
    }
    return objects;
  }
}

/** How far a walk got: to the last key, or to this one, because no call was left. */
export type WalkEnd =
  | { readonly complete: true }
  | { readonly complete: false; readonly after: string | undefined };

/**
 * Visits the objects under a prefix in the order of their keys.
 * @param visit returns the key after which to continue: that of the object, or a later one; undefined stops the walk
 */
export async function walkKeys(
  calls: Calls,
  store: Pick<ObjectStore, 'list'>,
  { prefix, after: start }: { readonly prefix: string; readonly after: string | undefined },
  visit: (object: ListedObject, after: string | undefined) => Promise<string | undefined>,
): Promise<WalkEnd> {
  let after = start;
  while (calls.left) {
    const page = await calls.page(store, prefix, after);
    for (const object of page) {
      if (after !== undefined && compareKeys(object.key, after) <= 0) continue; // skipped
      const next = await visit(object, after);
      if (next === undefined) return { complete: false, after };
      after = next;
    }
    if (page.length < KEYS_PER_CALL) return { complete: true };
  }
  return { complete: false, after };
}

/**
 * Finds out which keys exist, with few calls if they are asked for in order: each call returns everything that follows
 * the key, and answers later questions, too. Holds one page.
 */
export class KeyLookup {
  readonly #store: Pick<ObjectStore, 'list'>;
  readonly #prefix: string;
  readonly #calls: Calls;
  #objects = new Map<string, ListedObject>();
  /** The keys that the page covers: after the first, up to the second. */
  #from: string | undefined;
  #to: string | undefined;

  constructor(store: Pick<ObjectStore, 'list'>, prefix: string, calls: Calls) {
    this.#store = store;
    this.#prefix = prefix;
    this.#calls = calls;
  }

  /** @returns undefined if the key does not exist; `unknown` if no call is left to find out */
  async find(key: string): Promise<ListedObject | undefined | 'unknown'> {
    if (!this.#covers(key) && !(await this.#load(key))) return 'unknown';
    return this.#objects.get(key);
  }

  /** The objects whose keys begin with this, which ends with a slash: at most those of one page. */
  async findBelow(prefix: string): Promise<ListedObject[] | 'unknown'> {
    const known = this.#covers(prefix) && this.#covers(endOf(prefix));
    if (!known && !(await this.#load(prefix))) return 'unknown';
    return [...this.#objects.values()].filter(({ key }) => key.startsWith(prefix));
  }

  /** @returns whether a call was left */
  async #load(key: string): Promise<boolean> {
    if (!this.#calls.left) return false;
    const from = justBefore(key);
    const page = await this.#calls.page(this.#store, this.#prefix, from);
    this.#objects = new Map(page.map((object) => [object.key, object]));
    this.#from = from;
    this.#to = page.length < KEYS_PER_CALL ? undefined : page.at(-1)?.key;
    return true;
  }

  #covers(key: string): boolean {
    if (this.#from === undefined || compareKeys(key, this.#from) <= 0) return false;
    return this.#to === undefined || compareKeys(key, this.#to) <= 0;
  }
}
