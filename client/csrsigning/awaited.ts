/**
 * How many uploads may be without an outcome at the same time. Below `csr/` the service decides one after another, so each
 * request waits behind all that were uploaded before it. For names that exist, that is a bound of memory. For names that
 * nobody knows, it also follows how fast the service decides: what a flood has uploaded must not delay a node for longer
 * than a few seconds.
 */
export interface AwaitedRules {
  readonly least: number;
  readonly atFirst: number;
  readonly most: number;
}

/** By the second look (schedule.ts), with time for the calls. */
const QUICK_MS = 2000;

export class Awaited<T> {
  readonly #since = new Map<T, number>();
  readonly #rules: AwaitedRules;
  #limit: number;

  constructor(rules: AwaitedRules) {
    this.#rules = rules;
    this.#limit = rules.atFirst;
  }

  get isFull(): boolean {
    return this.#since.size >= this.#limit;
  }

  add(item: T, now: number): void {
    this.#since.set(item, now);
  }

  /** It has an outcome, or is not waited for any longer. */
  end(item: T, now: number): void {
    const since = this.#since.get(item);
    if (since === undefined) return;
    this.#since.delete(item);
    const wanted = this.#limit + (now - since <= QUICK_MS ? 1 : -1);
    this.#limit = Math.min(this.#rules.most, Math.max(this.#rules.least, wanted));
  }
}
