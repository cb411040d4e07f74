/** A client of the Kubernetes API over node:https (docs/decisions/0050-own-kubernetes-client.md). */
import { randomInt as systemRandomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { RandomInt } from '../node/exchange/rhythm.ts';
import { KubeConnection, type KubeRequest } from './connection.ts';
import { CredentialStore } from './credential-store.ts';
import {
  type CredentialPlaces,
  readCredentials,
  requireCa,
  SERVICE_ACCOUNT_FOLDER,
} from './credentials.ts';
import {
  type KubeClient,
  type KubeDeps,
  KubeError,
  type KubeSource,
  KubeUnreachable,
  type ListPage,
  type WatchEvent,
  type WatchOptions,
} from './kube-client.ts';
import {
  LARGEST_OBJECT_BYTES,
  parseJson,
  readBody,
  readError,
  requireJson,
  TooLarge,
} from './response.ts';
import { pause, systemTimers, type Timers } from './timers.ts';
import { readEvents } from './watch-stream.ts';

/** A page of 500 CSRs of kubelets is 2 MB. */
const PAGE_SIZE = 500;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** An object that its caller asks for: what is larger was made to be large, and several may be read at the same time. */
const MAX_OBJECT_BYTES = 2 * 1024 * 1024;

/** The server ends a watch after so long, at different times for different clients. */
const WATCH_SECONDS = 300;

/** How often, and how long, a call waits because the server asks for it. */
const MOST_RETRIES = 3;
const LONGEST_RETRY_SECONDS = 10;

const MERGE_PATCH = 'application/merge-patch+json';

/** @throws CommandError if the credentials cannot be used; later ones that cannot be used are ignored */
export function openKubeClient(
  source: KubeSource,
  deps: KubeDeps & Partial<CredentialPlaces> = {},
): KubeClient {
  const {
    timers = systemTimers,
    randomInt = systemRandomInt,
    signal,
    ca,
    environment = process.env,
    serviceAccountFolder = SERVICE_ACCOUNT_FOLDER,
  } = deps;
  if (signal) setMaxListeners(0, signal); // one for each call that is running
  const store = new CredentialStore(() => {
    const read = readCredentials(source, { environment, serviceAccountFolder });
    return ca === undefined ? read : { ...read, ca: requireCa(ca, 'the given CA certificates') };
  });
  return new HttpsKubeClient(new KubeConnection(store, timers), timers, randomInt, signal);
}

type Query = Readonly<Record<string, string>>;

class HttpsKubeClient implements KubeClient {
  readonly #connection: KubeConnection;
  readonly #timers: Timers;
  readonly #randomInt: RandomInt;
  readonly #signal: AbortSignal | undefined;

  constructor(
    connection: KubeConnection,
    timers: Timers,
    randomInt: RandomInt,
    signal: AbortSignal | undefined,
  ) {
    this.#connection = connection;
    this.#timers = timers;
    this.#randomInt = randomInt;
    this.#signal = signal;
  }

  async get<T>(path: string): Promise<T | undefined> {
    try {
      return (await this.#call({ method: 'GET', path })) as T;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }

  async *list<T>(path: string, query: Query = {}): AsyncGenerator<ListPage<T>> {
    let next = '';
    let limit = PAGE_SIZE;
    for (;;) {
      const parameters = { ...query, limit: `${limit}`, ...(next !== '' && { continue: next }) };
      const page = await this.#page<T>(withQuery(path, parameters), limit > 1);
      if (page === undefined) {
        // huge objects
        limit = Math.ceil(limit / 8);
        continue;
      }
      limit = Math.min(PAGE_SIZE, 8 * limit);
      yield page;
      if (page.next === '') return;
      if (page.next === next) throw new KubeUnreachable(`${path}: the list repeats a page`);
      next = page.next;
    }
  }

  /** @returns undefined if the page is too large, and can be smaller */
  async #page<T>(path: string, canBeSmaller: boolean) {
    const most = canBeSmaller ? MAX_PAGE_BYTES : LARGEST_OBJECT_BYTES;
    try {
      return toPage<T>(await this.#call({ method: 'GET', path }, most));
    } catch (error) {
      if (error instanceof TooLarge && canBeSmaller) return undefined;
      throw error;
    }
  }

  async *watch<T>(
    path: string,
    { resourceVersion, signal, query = {} }: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const parameters = {
      ...query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: `${WATCH_SECONDS + this.#randomInt(WATCH_SECONDS)}`,
      resourceVersion,
    };
    const ended = this.#signal ? AbortSignal.any([signal, this.#signal]) : signal;
    try {
      const asked = { method: 'GET', path: withQuery(path, parameters), signal: ended } as const;
      const response = await this.#connection.send(asked);
      await this.#requireSuccess(response);
      yield* readEvents<T>(response, this.#timers);
    } catch (error) {
      if (error instanceof KubeUnreachable) this.#connection.closeIdle();
      if (!signal.aborted || !(error instanceof KubeUnreachable)) throw error;
    }
  }

  async patch<T>(path: string, body: unknown): Promise<T> {
    const text = JSON.stringify(body);
    return (await this.#call({ method: 'PATCH', path, body: { type: MERGE_PATCH, text } })) as T;
  }

  async create<T>(path: string, body: unknown): Promise<T> {
    const asked = { type: 'application/json', text: JSON.stringify(body) };
    return (await this.#call({ method: 'POST', path, body: asked })) as T;
  }

  /** A response with Retry-After says that nothing was done, as client-go takes it (rest/with_retry.go). */
  async #call(asked: KubeRequest, maxBytes = MAX_OBJECT_BYTES): Promise<unknown> {
    for (let retries = 0; ; retries++) {
      try {
        const response = await this.#connection.send({ ...asked, signal: this.#signal });
        await this.#requireSuccess(response);
        return parseJson((await readBody(response, maxBytes, this.#timers)).toString('utf8'));
      } catch (error) {
        const seconds = retrySeconds(error);
        if (seconds === undefined || retries === MOST_RETRIES) throw error;
        const spread = this.#randomInt(250 * seconds + 1);
        await pause(this.#timers, 1000 * seconds + spread, this.#signal);
      }
    }
  }

  /** Redirects are errors: another server would receive the token. */
  async #requireSuccess(response: IncomingMessage): Promise<void> {
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300) return requireJson(response);
    throw await readError(response, this.#timers);
  }
}

function retrySeconds(error: unknown): number | undefined {
  if (!(error instanceof KubeError) || (error.status !== 429 && error.status < 500))
    return undefined;
  const { retryAfterSeconds } = error;
  if (retryAfterSeconds === undefined || retryAfterSeconds > LONGEST_RETRY_SECONDS)
    return undefined;
  return Math.max(1, retryAfterSeconds);
}

const withQuery = (path: string, query: Query) => `${path}?${new URLSearchParams(query)}`;

/** The items of a list have no kind: it is that of the list without `List`. */
function toPage<T>(value: unknown): ListPage<T> & { readonly next: string } {
  const { kind, apiVersion, metadata, items } = Object(value) as Record<string, unknown>;
  const { resourceVersion, continue: next = '' } = Object(metadata) as Record<string, unknown>;
  if (typeof resourceVersion !== 'string' || typeof next !== 'string')
    throw new KubeUnreachable('responded with something that is not a list');
  const type = { apiVersion, kind: typeof kind === 'string' ? kind.replace(/List$/, '') : kind };
  const listed = Array.isArray(items) ? items : [];
  return { resourceVersion, next, items: listed.map((item) => ({ ...type, ...item })) };
}
