/**
 * Watches the writer's config map as client-go's reflector does: it resumes from the last resource version that it saw.
 * It never lists the object again, so an event that was not delivered stays missing.
 */
import { type Endpoint, KubeClient } from './kube-client.ts';
import { TRAFFIC } from './writer.ts';

const RETRY_MS = 100;

export interface Watched {
  /** Numbers, in the order in which they arrived. */
  readonly seen: readonly number[];
  /** How often a watch was closed and resumed, by reason. */
  readonly ends: ReadonlyMap<string, number>;
  /** Between two events. */
  readonly longestGapMs: number;
}

interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: {
    readonly metadata: { readonly resourceVersion: string };
    readonly data?: { readonly number: string };
    readonly message?: string;
  };
}

export class Watcher {
  readonly #client: KubeClient;
  readonly #seen: number[] = [];
  readonly #ends = new Map<string, number>();
  readonly #stop = new AbortController();
  #version = '';
  #lastAt = 0;
  #longestGapMs = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(endpoint: Endpoint) {
    this.#client = new KubeClient(endpoint);
  }

  /** @param version the resource version to watch from */
  start(version: string): void {
    this.#version = version;
    this.#lastAt = Date.now();
    this.#running = this.#watchUntilStopped();
  }

  get last(): number | undefined {
    return this.#seen.at(-1);
  }

  async stop(): Promise<Watched> {
    this.#stop.abort();
    await this.#running;
    this.#client.close();
    return { seen: this.#seen, ends: this.#ends, longestGapMs: this.#longestGapMs };
  }

  async #watchUntilStopped(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let end = 'the server closed it';
      try {
        for await (const line of this.#client.lines(this.#path(), signal)) this.#take(line);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        end = code ?? message;
      }
      if (signal.aborted) return;
      this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1);
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }

  #path(): string {
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      fieldSelector: `metadata.name=${TRAFFIC.name}`,
      resourceVersion: this.#version,
    });
    return `/api/v1/namespaces/${TRAFFIC.namespace}/configmaps?${query}`;
  }

  #take(line: string): void {
    const { type, object }: WatchEvent = JSON.parse(line);
    if (type === 'ERROR') throw new Error(object.message);
    this.#version = object.metadata.resourceVersion;
    if (type === 'BOOKMARK') return;
    this.#seen.push(Number(object.data?.number));
    const now = Date.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}
