/** Forwarders, an API server and a bucket in memory, on one clock that only moves when nothing else does. */
import { buildForwarder, type ForwarderOptions } from '../../../client/csrsigning/run-forwarder.ts';
import type { Timers } from '../../../client/kubernetes/timers.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { ApiServer } from './api-server.ts';

export const START = new Date('2026-11-24T12:00:00Z');

/** Time that passes only in `advance`. */
export class VirtualTime {
  #nowMs = 0;
  #timers: { at: number; then: () => void }[] = [];

  readonly clock = {
    now: () => new Date(START.getTime() + this.#nowMs),
    monotonic: () => this.#nowMs,
  };

  readonly timers: Timers = {
    start: (milliseconds, then) => {
      const timer = { at: this.#nowMs + milliseconds, then };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((one) => one !== timer);
      };
    },
  };

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Moves to the next timer, if it is due until then. @returns whether it was */
  next(untilMs: number): boolean {
    const due = this.#timers.reduce<{ at: number; then: () => void } | undefined>(
      (first, one) => (first && first.at <= one.at ? first : one),
      undefined,
    );
    if (!due || due.at > untilMs) {
      this.#nowMs = Math.max(this.#nowMs, untilMs);
      return false;
    }
    this.#timers = this.#timers.filter((one) => one !== due);
    this.#nowMs = Math.max(this.#nowMs, due.at);
    due.then();
    return true;
  }
}

/** Lets everything run that waits for no timer. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

export interface StartOptions extends Partial<ForwarderOptions> {
  /** Called before and after each call of this forwarder; it may throw. */
  readonly interrupt?: (point: string, target: string) => void;
}

export interface Started {
  readonly log: string[];
  readonly forwarder: ReturnType<typeof buildForwarder>;
  stop(): Promise<void>;
}

export class World {
  readonly time = new VirtualTime();
  readonly api = new ApiServer();
  readonly exchange: MemoryStore;
  /** Called with the key of each upload, once no forwarder has anything else to do. */
  service: (key: string) => Promise<void> | void = () => undefined;
  readonly #served = new Set<string>();
  #seenCalls = 0;
  /** Work of real threads, such as signatures: virtual time does not pass until it is done. */
  protected readonly working = new Set<Promise<void>>();
  readonly #running = new Set<Promise<void>>();

  constructor(exchange = new MemoryStore()) {
    this.exchange = exchange;
    this.api.now = exchange.now = () => this.time.clock.now();
  }

  start({ interrupt = () => undefined, ...options }: StartOptions = {}): Started {
    const log: string[] = [];
    const stop = new AbortController();
    const forwarder = buildForwarder({
      cluster: 'prod',
      ownNode: undefined,
      replica: 'cp-1',
      client: this.api.client(interrupt),
      exchange: interrupted(this.exchange, interrupt),
      trust: () => ({ problem: 'no CA' }),
      log: (level, message, { csr = '' } = {}) => void log.push(`${level} ${csr} ${message}`),
      clock: this.time.clock,
      timers: this.time.timers,
      ...options,
    });
    const run = forwarder.run(stop.signal);
    this.#running.add(run);
    return {
      log,
      forwarder,
      stop: async () => {
        stop.abort();
        await run;
        this.#running.delete(run);
      },
    };
  }

  /** Lets time pass, or until something has happened. */
  async advance(seconds: number, until: () => boolean = () => false): Promise<void> {
    const end = this.time.nowMs + seconds * 1000;
    for (;;) {
      await this.#settle();
      if (until() || !this.time.next(end)) break;
    }
    await this.#settle();
  }

  async #settle(): Promise<void> {
    for (;;) {
      await settle();
      await Promise.all(this.working);
      const { calls, objects } = this.exchange;
      const created = calls.slice(this.#seenCalls).filter(({ call }) => call === 'create');
      this.#seenCalls = calls.length;
      const uploads = created.flatMap(({ key }) => (objects.has(key) ? [key] : []));
      if (uploads.length === 0) return;
      for (const key of uploads) {
        if (this.#served.has(key)) continue;
        this.#served.add(key);
        await this.service(key);
      }
    }
  }
}

function interrupted(
  store: MemoryStore,
  interrupt: (point: string, target: string) => void,
): ObjectStore {
  const around = async <T>(call: string, key: string, action: () => Promise<T>): Promise<T> => {
    interrupt(`before ${call}`, key);
    const result = await action();
    interrupt(`after ${call}`, key);
    return result;
  };
  const refuse = () => Promise.reject(new Error('a forwarder does not call this'));
  return {
    get: (key, maxBytes) => around('get', key, () => store.get(key, maxBytes)),
    create: (...args) => around('create', args[0], () => store.create(...args)),
    async *list(prefix, after) {
      interrupt('before list', prefix);
      yield* store.list(prefix, after);
      interrupt('after list', prefix);
    },
    getIfChanged: refuse,
    replace: refuse,
    put: refuse,
    remove: refuse,
  };
}
