/**
 * Writes increasing numbers into a config map, ten times a second, and counts the results.
 *
 * It retries as client-go does (rest/with_retry.go): after a failure of the connection and after Retry-After, ten times at
 * most. Any other refusal is final: the write is lost.
 */
import { type Answer, type Endpoint, KubeClient } from './kube-client.ts';

const EVERY_MS = 100;
const MAX_RETRIES = 10;
const RETRY_MS = 100;

export const TRAFFIC = { namespace: 'default', name: 'traffic' };
const COLLECTION = `/api/v1/namespaces/${TRAFFIC.namespace}/configmaps`;
const OBJECT = `${COLLECTION}/${TRAFFIC.name}`;

export interface Written {
  readonly tried: number;
  /** Writes whose first attempt failed, by error. A retry may have succeeded. */
  readonly failedAtFirst: ReadonlyMap<string, number>;
  /** Writes that failed in all retries: number and error. */
  readonly lost: ReadonlyMap<number, string>;
  /** The numbers that the server confirmed, in order. */
  readonly confirmed: readonly number[];
  /** Between two confirmations. */
  readonly longestGapMs: number;
}

export class Writer {
  readonly #client: KubeClient;
  readonly #failedAtFirst = new Map<string, number>();
  readonly #lost = new Map<number, string>();
  readonly #confirmed: number[] = [];
  #tried = 0;
  #lastAt = 0;
  #longestGapMs = 0;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(endpoint: Endpoint) {
    this.#client = new KubeClient(endpoint);
  }

  /** Creates the config map with 0, and starts writing. @returns its resource version, to watch from */
  async start(): Promise<string> {
    await this.#client.ask('DELETE', OBJECT);
    const { status, body } = await this.#client.ask('POST', COLLECTION, configMap(0));
    if (status !== 201) throw new Error(`the config map was not created: ${status} ${body}`);
    this.#lastAt = Date.now();
    this.#running = this.#writeUntilStopped();
    return JSON.parse(body).metadata.resourceVersion;
  }

  get tried(): number {
    return this.#tried;
  }

  async stop(): Promise<Written> {
    this.#stopped = true;
    await this.#running;
    this.#client.close();
    return {
      tried: this.#tried,
      failedAtFirst: this.#failedAtFirst,
      lost: this.#lost,
      confirmed: this.#confirmed,
      longestGapMs: this.#longestGapMs,
    };
  }

  async #writeUntilStopped(): Promise<void> {
    while (!this.#stopped) {
      const next = sleep(EVERY_MS);
      this.#tried += 1;
      await this.#write(this.#tried);
      await next;
    }
  }

  async #write(number: number): Promise<void> {
    for (let retries = 0; ; retries++) {
      const { problem, retryMs } = await this.#put(number);
      if (problem === undefined) return this.#confirm(number);
      if (retries === 0)
        this.#failedAtFirst.set(problem, (this.#failedAtFirst.get(problem) ?? 0) + 1);
      if (retryMs === undefined || retries === MAX_RETRIES) {
        this.#lost.set(number, problem);
        return;
      }
      await sleep(retryMs);
    }
  }

  /** Without a resource version, so that a repeated write has no effect. */
  async #put(number: number): Promise<{ problem?: string; retryMs?: number }> {
    try {
      const answer = await this.#client.ask('PUT', OBJECT, configMap(number));
      if (answer.status === 200) return {};
      const { retryAfter } = answer;
      const problem = messageOf(answer);
      return retryAfter === undefined ? { problem } : { problem, retryMs: retryAfter * 1000 };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { problem: code ?? message, retryMs: RETRY_MS };
    }
  }

  #confirm(number: number): void {
    this.#confirmed.push(number);
    const now = Date.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}

const configMap = (number: number) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: TRAFFIC,
  data: { number: String(number) },
});

function messageOf({ status, body }: Answer): string {
  const { message = body } = body.startsWith('{') ? JSON.parse(body) : {};
  return `${status} ${message.slice(0, 200)}`;
}

const sleep = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
