/**
 * What Cakeless needs of the Kubernetes API: read, list, watch, patch, create. `open-kube-client.ts` opens a client,
 * `follow.ts` keeps up with all objects of one kind.
 */
import type { RandomInt } from '../node/exchange/rhythm.ts';
import type { Timers } from './timers.ts';

/** Paths are those of the API, such as `/api/v1/nodes/w-1`. */
export interface KubeClient {
  /** @returns undefined if the object does not exist */
  get<T>(path: string): Promise<T | undefined>;
  /** Page by page; each page has the resource version of the whole list. */
  list<T>(path: string, query?: Readonly<Record<string, string>>): AsyncGenerator<ListPage<T>>;
  /**
   * Ends when the server ends it, after some minutes, or when the signal is aborted.
   * @throws KubeError 410 if the resource version is too old, KubeUnreachable if the connection breaks, KubeSilence
   */
  watch<T>(path: string, options: WatchOptions): AsyncGenerator<WatchEvent<T>>;
  /** A JSON merge patch (RFC 7386). */
  patch<T>(path: string, body: unknown): Promise<T>;
  create<T>(path: string, body: unknown): Promise<T>;
}

export interface ListPage<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

export interface WatchOptions {
  readonly resourceVersion: string;
  readonly signal: AbortSignal;
  readonly query?: Readonly<Record<string, string>>;
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** Of a bookmark, only `metadata.resourceVersion` is meaningful. */
  readonly object: T;
}

/** Where the API server is, and as whom to call it. */
export type KubeSource = { readonly kubeconfig: string } | { readonly inCluster: true };

export interface KubeDeps {
  readonly timers?: Timers;
  readonly randomInt?: RandomInt;
  /** Ends all calls, and all further ones. */
  readonly signal?: AbortSignal;
  /** CA certificates in PEM that verify the server instead of those that the source names. */
  readonly ca?: string;
}

/** The server responded, and the response is an error. */
export class KubeError extends Error {
  override name = 'KubeError';
  /** As of HTTP. */
  readonly status: number;
  /** As of the API's Status, such as `NotFound`; empty if the response was not a Status. */
  readonly reason: string;
  /** How long the server asks to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** There was no response, or none that this client accepts; a write may have taken effect. */
export class KubeUnreachable extends Error {
  override name = 'KubeUnreachable';
}

/** A watch received neither an event nor a bookmark for a long time: nothing happens, or the connection is dead. */
export class KubeSilence extends KubeUnreachable {}
