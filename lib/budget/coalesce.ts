/**
 * Serializes the work on one object: everything that arrives during a call is done together in the next one. Without
 * it, the requests of a batch would compete for the object that counts them.
 */
interface Item<T, R> {
  readonly asked: T;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/** A caller that has announced that it may ask, and that either asks or leaves. */
export interface Announced<T, R> {
  ask(asked: T): Promise<R>;
  /** Does nothing after `ask`. */
  leave(): void;
}

interface Queue<T, R, P> {
  /** How many callers have announced themselves, and have neither asked nor left. */
  announced: number;
  /** Those among them for whom the waiting callers wait. */
  awaited: number;
  prepared: P | undefined;
  isWorking: boolean;
  waiting: Item<T, R>[];
}

export interface Work<T, R, P> {
  /** What can be done before anyone asks; its result may be out of date when it is used. */
  prepare(key: string): P;
  /** Does everything together, and returns the results in the same order. */
  settle(key: string, asked: readonly T[], prepared: P | undefined): Promise<readonly R[]>;
}

/** One queue for each key. A failure of `settle` rejects the calls that it was to answer, and no later ones. */
export class Coalescer<T, R, P> {
  readonly #work: Work<T, R, P>;
  readonly #queues = new Map<string, Queue<T, R, P>>();

  constructor(work: Work<T, R, P>) {
    this.#work = work;
  }

  /**
   * Prepares. With `isAwaited`, every caller that asks later waits until this one has asked or left too, so that all are
   * done together. Callers that are already waiting do not: they could wait forever.
   */
  announce(key: string, isAwaited: boolean): Announced<T, R> {
    const queue = this.#queueOf(key);
    const awaited = isAwaited && queue.waiting.length === 0 ? 1 : 0;
    queue.announced += 1;
    queue.awaited += awaited;
    if (!queue.isWorking) queue.prepared ??= this.#work.prepare(key);
    let hasEnded = false;
    const end = () => {
      if (hasEnded) return;
      hasEnded = true;
      queue.announced -= 1;
      queue.awaited -= awaited;
      this.#proceed(key, queue);
    };
    const ask = (asked: T) => {
      const result = this.#enqueue(queue, asked);
      end();
      return result;
    };
    return { ask, leave: end };
  }

  ask(key: string, asked: T): Promise<R> {
    const queue = this.#queueOf(key);
    const result = this.#enqueue(queue, asked);
    this.#proceed(key, queue);
    return result;
  }

  #queueOf(key: string): Queue<T, R, P> {
    const known = this.#queues.get(key);
    if (known) return known;
    const queue = { announced: 0, awaited: 0, prepared: undefined, isWorking: false, waiting: [] };
    this.#queues.set(key, queue);
    return queue;
  }

  #enqueue(queue: Queue<T, R, P>, asked: T): Promise<R> {
    return new Promise<R>((resolve, reject) => queue.waiting.push({ asked, resolve, reject }));
  }

  #proceed(key: string, queue: Queue<T, R, P>): void {
    if (queue.isWorking) return;
    if (queue.waiting.length > 0) {
      if (queue.awaited === 0) void this.#settle(key, queue);
    } else if (queue.announced === 0) this.#queues.delete(key);
  }

  async #settle(key: string, queue: Queue<T, R, P>): Promise<void> {
    const { waiting: items, prepared } = queue;
    queue.isWorking = true;
    queue.waiting = [];
    queue.prepared = undefined;
    try {
      const asked = items.map((item) => item.asked);
      const results = await this.#work.settle(key, asked, prepared);
      for (const [i, { resolve }] of items.entries()) resolve(results[i] as R);
    } catch (error) {
      for (const { reject } of items) reject(error);
    }
    queue.isWorking = false;
    this.#proceed(key, queue);
  }
}
