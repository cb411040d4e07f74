/**
 * Work that waits for its turn. Each lane takes turns between requesters, so that one requester with thousands of CSRs
 * does not delay another. Of one requester, the newest and the oldest are taken alternately: a bootstrap token is one
 * requester, and a node that joins with it during a flood of other CSRs is served before the flood ends.
 */
interface Line<T> {
  readonly items: T[];
  takesNewest: boolean;
}

export class FairQueue<Lane extends string, T> {
  /** A map keeps the order of its entries: the requester whose turn is next comes first. */
  readonly #lanes = new Map<Lane, Map<string, Line<T>>>();

  add(lane: Lane, requester: string, item: T): void {
    const lines = this.#lanes.get(lane) ?? new Map<string, Line<T>>();
    this.#lanes.set(lane, lines);
    const line = lines.get(requester) ?? { items: [], takesNewest: true };
    lines.set(requester, line);
    line.items.push(item);
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
