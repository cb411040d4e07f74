/** Whether the forwarder can work: what `/readyz` answers, from the last calls to the API server and the bucket. */
import { Fault } from '../../lib/fault.ts';
import type { KubeClient, WatchOptions } from '../kubernetes/kube-client.ts';
import type { ExchangeCall, ExchangeObserver } from './csr-exchange.ts';
import { describeError, isForbidden } from './describe-error.ts';
import type { Metrics } from './metrics.ts';

/** The API server sends a bookmark each minute, even if nothing happens. */
const SILENT_MS = 150_000;

interface ReadinessDeps {
  readonly metrics: Metrics;
  readonly clock: { now(): Date; monotonic(): number };
}

export class Readiness implements ExchangeObserver {
  readonly #deps: ReadinessDeps;
  #heardAt: number | undefined;
  #listedAt = 0;
  /** By call: a list that succeeds does not make up for a watch that is forbidden. */
  readonly #forbidden = new Map<'list' | 'watch', string>();
  #exchangeProblem: string | undefined;

  constructor(deps: ReadinessDeps) {
    this.#deps = deps;
  }

  unready(): string | undefined {
    for (const answer of this.#forbidden.values()) return `the API server answers: ${answer}`;
    if (this.#heardAt === undefined) return 'the API server has not been reached yet';
    const silentMs = this.#deps.clock.monotonic() - this.#heardAt;
    if (silentMs > SILENT_MS)
      return `the API server has been silent for ${Math.round(silentMs / 1000)}s`;
    return this.#exchangeProblem;
  }

  /** Unix time of the last complete list; 0 before the first one. */
  get lastList(): number {
    return this.#listedAt;
  }

  get isExchangeReachable(): boolean {
    return this.#exchangeProblem === undefined;
  }

  listed(): void {
    this.#listedAt = Math.floor(this.#deps.clock.now().getTime() / 1000);
  }

  called(call: ExchangeCall): void {
    this.#deps.metrics.count('exchange_calls_total', { call });
  }

  succeeded(): void {
    this.#exchangeProblem = undefined;
  }

  failed(error: unknown): void {
    if (error instanceof Fault) this.#exchangeProblem = error.message;
  }

  /** The client, which notes each answer of its lists and watches. */
  observe(client: KubeClient): KubeClient {
    const note = <T>(call: 'list' | 'watch', answers: AsyncGenerator<T>) =>
      noting(
        answers,
        () => {
          this.#heardAt = this.#deps.clock.monotonic();
          this.#forbidden.delete(call);
        },
        (error) => {
          if (isForbidden(error)) this.#forbidden.set(call, describeError(error));
          else this.#forbidden.delete(call);
        },
      );
    return {
      get: (path) => client.get(path),
      patch: (path, body) => client.patch(path, body),
      create: (path, body) => client.create(path, body),
      list: <T>(path: string, query?: Readonly<Record<string, string>>) =>
        note('list', client.list<T>(path, query)),
      watch: <T>(path: string, options: WatchOptions) =>
        note('watch', client.watch<T>(path, options)),
    };
  }
}

async function* noting<T>(
  answers: AsyncGenerator<T>,
  heard: () => void,
  failed: (error: unknown) => void,
): AsyncGenerator<T> {
  try {
    for await (const answer of answers) {
      heard();
      yield answer;
    }
  } catch (error) {
    failed(error);
    throw error;
  }
}
