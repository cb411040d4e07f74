/**
 * Work that waits for its turn. Each lane takes turns between requesters, so that one requester with thousands of CSRs
 * does not delay another. Of one requester, the newest and the oldest are taken alternately: a bootstrap token is one
 * requester, and a node that joins with it during a flood of other CSRs is served before the flood ends. Newest is by the
 * CSR, not by when it was added: what waited longer for an earlier step must not come before it.
 */
interface Line<T> {
  /** Oldest first. */
  readonly items: T[];
  takesNewest: boolean;
}

export class FairQueue<Lane extends string, T> {
  /** A map keeps the order of its entries: the requester whose turn is next comes first. */
  readonly #lanes = new Map<Lane, Map<string, Line<T>>>();
  readonly #isNewer: (a: T, b: T) => boolean;

  constructor(isNewer: (a: T, b: T) => boolean) {
    this.#isNewer = isNewer;
  }

  add(lane: Lane, requester: string, item: T): void {
    const lines = this.#lanes.get(lane) ?? new Map<string, Line<T>>();
    this.#lanes.set(lane, lines);
    const line = lines.get(requester) ?? { items: [], takesNewest: true };
    lines.set(requester, line);
    line.items.splice(this.#placeOf(item, line.items), 0, item);
  }

  /** Behind everything that is not newer. */
  #placeOf(item: T, items: readonly T[]): number {
    let [from, to] = [0, items.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = items[middle];
      if (other !== undefined && this.#isNewer(other, item)) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  take(lane: Lane): T | undefined {
    const lines = this.#lanes.get(lane);
    const [first] = lines ?? [];
    if (!lines || !first) return undefined;
    const [requester, line] = first;
    const item = line.takesNewest ? line.items.pop() : line.items.shift();
    line.takesNewest = !line.takesNewest;
    lines.delete(requester);
    if (line.items.length > 0) lines.set(requester, line);
    return item;
  }

  remove(lane: Lane, requester: string, item: T): void {
    const lines = this.#lanes.get(lane);
    const items = lines?.get(requester)?.items ?? [];
    const index = items.indexOf(item);
    if (index >= 0) items.splice(index, 1);
    if (items.length === 0) lines?.delete(requester);
  }

  isEmpty(lane: Lane): boolean {
    return (this.#lanes.get(lane)?.size ?? 0) === 0;
  }
}
