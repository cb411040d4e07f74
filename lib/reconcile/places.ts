/**
 * Limits what a run spends on each node and cluster: one with more objects than its share allows is left, and continued
 * by the next run, so that it does not delay the others.
 */
import { RESERVED_NODE_NAMES } from '../contract/request-kinds.ts';
import { compareKeys, endOf } from './key-order.ts';

/** How many listing calls a run makes at most: in total, and for one cluster, node, or folder that nodes share. */
export interface Shares {
  readonly run: number;
  readonly cluster: number;
  /** For a reserved word: below `csr` are the requests of all kubelets of a cluster. */
  readonly shared: number;
  readonly node: number;
}

/** More places than this are not remembered: those that were left first start at their first key again. */
const MOST_CONTINUED = 1000;

interface Spending {
  readonly prefix: string;
  readonly share: number;
  calls: number;
}

export class Places {
  readonly #continued: Map<string, string>;
  readonly #shares: Shares;
  #current: Spending[] = [];

  /** @param continued the positions that earlier runs left, by prefix */
  constructor(continued: Readonly<Record<string, string>>, shares: Shares) {
    this.#continued = new Map(Object.entries(continued));
    this.#shares = shares;
  }

  /**
   * Takes the next key, and the one before it.
   * @returns the position at which to continue instead: an earlier run has looked at what is before it, or the share of
   * the node or cluster is used up
   */
  skip(key: string, lastKey: string | undefined): string | undefined {
    const resumeAt = this.#enter(key);
    if (resumeAt !== undefined || lastKey === undefined) return resumeAt;
    const left = this.#leaveIfUsedUp(lastKey);
    return left === undefined ? undefined : endOf(left);
  }

  #enter(key: string): string | undefined {
    const [root = '', cluster = '', node = ''] = key.split('/');
    const prefixes = [`${root}/${cluster}/`, `${root}/${cluster}/${node}/`];
    const { shared, node: ofNode } = this.#shares;
    const shares = [this.#shares.cluster, RESERVED_NODE_NAMES.includes(node) ? shared : ofNode];
    this.#current = prefixes.map((prefix, i) => {
      const known = this.#current[i];
      if (known?.prefix === prefix) return known;
      if (known) this.#leave(known);
      return { prefix, share: shares[i] ?? 0, calls: 0 };
    });
    const positions = prefixes.flatMap((prefix) => this.#continued.get(prefix) ?? []);
    const furthest = positions.sort(compareKeys).at(-1);
    return furthest !== undefined && compareKeys(furthest, key) > 0 ? furthest : undefined;
  }

  /** @param calls a fraction of one for a key that a call returned among others */
  spend(calls: number): void {
    for (const place of this.#current) place.calls += calls;
  }

  /** Leaves the current node or cluster if its share is used up. @returns its prefix */
  #leaveIfUsedUp(lastKey: string): string | undefined {
    const place = this.#current.find(({ calls, share }) => calls >= share);
    if (place === undefined) return undefined;
    this.#continued.delete(place.prefix);
    this.#continued.set(place.prefix, lastKey); // the last one again
    this.#current = this.#current.filter(({ prefix }) => !prefix.startsWith(place.prefix));
    return place.prefix;
  }

  /** Everything was looked at. */
  finish(): void {
    for (const place of this.#current) this.#leave(place);
    this.#current = [];
  }

  get continued(): Record<string, string> {
    return Object.fromEntries([...this.#continued].slice(-MOST_CONTINUED));
  }

  /** Its last key was looked at: the next run starts at its first again. */
  #leave({ prefix }: Spending): void {
    this.#continued.delete(prefix);
  }
}
