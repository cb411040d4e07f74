/** Reads lists of the cluster object by object, so that memory does not grow with the cluster, and notes what it may not read. */
import { type KubeClient, KubeError } from '../kubernetes/kube-client.ts';

export type Forbidden = (what: string, error: KubeError) => void;

export class Lists {
  readonly #client: Pick<KubeClient, 'get' | 'list'>;
  readonly #onForbidden: Forbidden;
  readonly #unseen = new Set<string>();

  /** @param onForbidden told about each list and object that RBAC forbids */
  constructor(client: Pick<KubeClient, 'get' | 'list'>, onForbidden: Forbidden) {
    this.#client = client;
    this.#onForbidden = onForbidden;
  }

  /** What could not be read: nothing is known about it, so it must not look empty. */
  get unseen(): string[] {
    return [...this.#unseen];
  }

  /** @throws what the client throws, except that it is forbidden */
  async *each<T>(what: string, path: string, query?: Record<string, string>): AsyncGenerator<T> {
    try {
      for await (const { items } of this.#client.list<T>(path, query)) yield* items;
    } catch (error) {
      this.#note(what, error);
    }
  }

  /** @returns undefined if it does not exist, or may not be read */
  async get<T>(what: string, path: string): Promise<T | undefined> {
    try {
      return await this.#client.get<T>(path);
    } catch (error) {
      this.#note(what, error);
      return undefined;
    }
  }

  #note(what: string, error: unknown): void {
    if (!isForbidden(error)) throw error;
    this.#unseen.add(what);
    this.#onForbidden(what, error);
  }
}

export const isForbidden = (error: unknown): error is KubeError =>
  error instanceof KubeError && error.status === 403;
