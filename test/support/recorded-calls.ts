/**
 * The calls to the outside that a run makes, with their start and end on a clock that moves only when nothing else can be
 * done. If each call takes one unit, the time of a run is its number of round trips: the longest chain of calls that
 * waited for one another.
 */
import type { OwnQueue } from '../../functions/own-queue.ts';
import type { Service } from '../../lib/service.ts';

/** A clock that jumps to the next event when every promise has been waited for. */
export class VirtualClock {
  now = 0;
  readonly #sleeping: { readonly until: number; readonly wake: () => void }[] = [];

  sleep(duration: number): Promise<void> {
    return new Promise((wake) => this.#sleeping.push({ until: this.now + duration, wake }));
  }

  /** @returns the result, and how long it took on this clock */
  async run<T>(action: () => Promise<T>): Promise<{ readonly result: T; readonly took: number }> {
    const start = this.now;
    let isDone = false;
    const running = action().finally(() => {
      isDone = true;
    });
    running.catch(() => undefined); // thrown below
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve)); // everything that needs no call has been done then
      if (!isDone) this.#wakeNext();
    }
    return { result: await running, took: this.now - start };
  }

  #wakeNext(): void {
    const next = Math.min(...this.#sleeping.map(({ until }) => until));
    if (next === Number.POSITIVE_INFINITY) return;
    this.now = next;
    for (const one of this.#sleeping.filter(({ until }) => until === next)) {
      this.#sleeping.splice(this.#sleeping.indexOf(one), 1);
      one.wake();
    }
  }
}

export interface OutsideCall {
  readonly on: 'exchange' | 'authority' | 'keys' | 'queue';
  readonly call: string;
  /** Of an object or a record; empty for the queue. */
  readonly key: string;
  readonly args: readonly unknown[];
}

export interface RecordedCall extends OutsideCall {
  readonly start: number;
  /** When the caller had the result; undefined if it was not waited for. */
  end: number | undefined;
  result: unknown;
}

export class CallRecorder {
  readonly clock = new VirtualClock();
  calls: RecordedCall[] = [];
  readonly #durationOf: (call: OutsideCall) => number;

  constructor(durationOf: (call: OutsideCall) => number = () => 1) {
    this.#durationOf = durationOf;
  }

  /** The same service; its stores are the same objects in every run, as in a process of Lambda. */
  service(of: Service): Service {
    const { exchange, authority, keys } = of;
    return {
      ...of,
      exchange: this.#proxy('exchange', exchange, ([key]) => String(key)),
      authority: this.#proxy('authority', authority, ([key]) => String(key)),
      keys: this.#proxy('keys', keys, (args) => String(args[3])),
    };
  }

  queue(of: OwnQueue): OwnQueue {
    return this.#proxy('queue', of, () => '');
  }

  #proxy<T extends object>(
    on: RecordedCall['on'],
    target: T,
    keyOf: (args: readonly unknown[]) => string,
  ): T {
    const get = (_: T, name: string) => {
      const value: unknown = target[name as keyof T];
      if (typeof value !== 'function') return value;
      const method = value.bind(target);
      const enter = (args: readonly unknown[]) =>
        this.#enter({ on, call: name, key: keyOf(args), args });
      if (name === 'list')
        return async function* list(...args: unknown[]) {
          const done = await enter(args);
          const listed: unknown[] = [];
          for await (const one of method(...args)) listed.push(one);
          done(listed);
          yield* listed;
        };
      return async (...args: unknown[]) => {
        const done = await enter(args);
        const result: unknown = await method(...args);
        done(result);
        return result;
      };
    };
    return new Proxy(target, { get }) as T;
  }

  async #enter(about: OutsideCall): Promise<(result: unknown) => void> {
    const { clock } = this;
    const call: RecordedCall = { ...about, start: clock.now, end: undefined, result: undefined };
    this.calls.push(call);
    await clock.sleep(this.#durationOf(about));
    return (result) => {
      call.end = clock.now;
      call.result = result;
    };
  }
}
