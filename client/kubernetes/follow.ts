/**
 * Keeps up with all objects of one kind: a list, then a watch from its resource version (client-go's reflector). Nothing
 * rests on a single event: everything is listed again after each failure, and every ten minutes in any case.
 */
import { randomInt as systemRandomInt } from 'node:crypto';
import { Backoff } from './backoff.ts';
import {
  type KubeClient,
  type KubeDeps,
  KubeError,
  KubeSilence,
  KubeUnreachable,
} from './kube-client.ts';
import { pause, systemTimers, type Timers } from './timers.ts';

export interface Followed {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
}

/** They are called one at a time. What they throw ends `follow`, which throws the same. */
export interface FollowHandlers<T> {
  /** For each event, and for every object of every list, even if it has not changed. */
  onObject(object: T): void | Promise<void>;
  /** Once for each object that was handed over and does not exist any longer. */
  onGone(uid: string): void | Promise<void>;
  /** After the last object of a list. */
  onListed(): void | Promise<void>;
  /** The list or the watch failed, and is repeated after the pause. */
  onProblem?(error: KubeError | KubeUnreachable, pauseMs: number): void | Promise<void>;
}

export interface FollowDeps extends KubeDeps {
  /** If the client has it too, a call that is running ends at once. */
  readonly signal: AbortSignal;
  readonly query?: Readonly<Record<string, string>>;
}

const RELIST_MS = 10 * 60_000;

/** @returns when the signal is aborted @throws what a handler throws */
export async function follow<T extends Followed>(
  client: Pick<KubeClient, 'list' | 'watch'>,
  path: string,
  handlers: FollowHandlers<T>,
  deps: FollowDeps,
): Promise<void> {
  const { signal, timers = systemTimers, randomInt = systemRandomInt } = deps;
  const follower = new Follower(client, path, handlers, deps, timers);
  const backoff = new Backoff(timers, randomInt);
  while (!signal.aborted) {
    try {
      await follower.list();
      await follower.watchUntilRelist(backoff, RELIST_MS - randomInt(RELIST_MS / 10));
    } catch (error) {
      const problem = requireRepeatable(error);
      if (signal.aborted) return;
      const pauseMs = backoff.nextMs(
        problem instanceof KubeError ? problem.retryAfterSeconds : undefined,
      );
      await handlers.onProblem?.(problem, pauseMs);
      await pause(timers, pauseMs, signal);
    }
  }
}

/** @throws what a handler threw, and everything that repetition does not change */
function requireRepeatable(error: unknown): KubeError | KubeUnreachable {
  if (error instanceof KubeError || error instanceof KubeUnreachable) return error;
  throw error instanceof HandlerFailed ? error.cause : error;
}

/** Keeps an error of a handler apart from errors of the calls that are repeated: a handler may call the API, too. */
class HandlerFailed extends Error {}

class Follower<T extends Followed> {
  readonly #client: Pick<KubeClient, 'list' | 'watch'>;
  readonly #path: string;
  readonly #handlers: FollowHandlers<T>;
  readonly #deps: FollowDeps;
  readonly #timers: Timers;
  /** By uid: the number of the list in which an object was last seen. The objects themselves are not kept. */
  readonly #known = new Map<string, number>();
  #lists = 0;
  #version = '';

  constructor(
    client: Pick<KubeClient, 'list' | 'watch'>,
    path: string,
    handlers: FollowHandlers<T>,
    deps: FollowDeps,
    timers: Timers,
  ) {
    this.#client = client;
    this.#path = path;
    this.#handlers = handlers;
    this.#deps = deps;
    this.#timers = timers;
  }

  async list(): Promise<void> {
    const { signal, query } = this.#deps;
    this.#lists += 1;
    for await (const { items, resourceVersion } of this.#client.list<T>(this.#path, query)) {
      for (const item of items) {
        if (signal.aborted) return;
        await this.#take(item);
      }
      this.#version = resourceVersion;
    }
    if (signal.aborted) return;
    for (const [uid, list] of this.#known) if (list !== this.#lists) await this.#forget(uid);
    await run(() => this.#handlers.onListed());
  }

  /**
   * Watches again whenever the server ends a watch, from the last version that it sent. A silent watch is given up: a
   * list on a new connection shows whether the server responds. A quiet cluster is silent, too: no bookmark is sent
   * until the server's cache has passed the version from which the watch started (apiserver storage/cacher
   * cache_watcher.go: process).
   */
  async watchUntilRelist(backoff: Backoff, relistMs: number): Promise<void> {
    const { signal } = this.#deps;
    const due = new AbortController();
    const cancel = this.#timers.start(relistMs, () => due.abort());
    const ended = AbortSignal.any([signal, due.signal]);
    try {
      while (!ended.aborted) {
        const settled = backoff.succeeding();
        try {
          await this.#watch(ended);
        } catch (error) {
          if (error instanceof KubeSilence) return;
          throw error;
        } finally {
          settled();
        }
        if (!ended.aborted) await pause(this.#timers, backoff.nextMs(), ended);
      }
    } finally {
      cancel();
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { query } = this.#deps;
    const options = { resourceVersion: this.#version, signal, ...(query && { query }) };
    for await (const { type, object } of this.#client.watch<T>(this.#path, options)) {
      if (signal.aborted) return;
      if (type === 'DELETED') await this.#forget(object.metadata.uid);
      else if (type !== 'BOOKMARK') await this.#take(object);
      // after the handler: what it did not finish is not skipped
      this.#version = object.metadata.resourceVersion;
    }
  }

  async #take(object: T): Promise<void> {
    this.#known.set(object.metadata.uid, this.#lists);
    await run(() => this.#handlers.onObject(object));
  }

  async #forget(uid: string): Promise<void> {
    if (this.#known.delete(uid)) await run(() => this.#handlers.onGone(uid));
  }
}

async function run(handle: () => void | Promise<void>): Promise<void> {
  try {
    await handle();
  } catch (error) {
    throw new HandlerFailed('a handler failed', { cause: error });
  }
}
