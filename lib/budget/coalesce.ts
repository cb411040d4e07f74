/**
 * Serializes the work on one object: everything that arrives during a call is done together in the next one. Without
 * it, the requests of a batch would compete for the object that counts them.
 */
interface Item<T, R> {
  readonly asked: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** One queue for each key. A failure of `settle` rejects the calls that it was to answer, and no later ones. */
export class Coalescer<T, R> {
  readonly #settle: (key: string, asked: readonly T[]) => Promise<readonly R[]>;
  readonly #waiting = new Map<string, Item<T, R>[]>();

  /** @param settle does everything together, and returns a result for each, in order */
  constructor(settle: (key: string, asked: readonly T[]) => Promise<readonly R[]>) {
    this.#settle = settle;
  }

  ask(key: string, asked: T): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const item = { asked, resolve, reject };
      const waiting = this.#waiting.get(key);
      if (waiting) waiting.push(item);
      else {
        this.#waiting.set(key, []);
        void this.#work(key, [item]);
      }
    });
  }

  async #work(key: string, first: Item<T, R>[]): Promise<void> {
    for (let items = first; items.length > 0; items = this.#take(key)) {
      try {
        const results = await this.#settle(
          key,
          items.map(({ asked }) => asked),
        );
        for (const [i, { resolve }] of items.entries()) resolve(results[i] as R);
      } catch (error) {
        for (const { reject } of items) reject(error);
      }
    }
    this.#waiting.delete(key);
  }

  #take(key: string): Item<T, R>[] {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.set(key, []);
    return waiting;
  }
}
