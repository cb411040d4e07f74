/** A bucket in memory that keeps the promises of `ObjectStore`, counts calls, and fails where it is told to. */
import { createHash } from 'node:crypto';
import type { ListedObject, ObjectStore, StoredObject } from '../../lib/store/object-store.ts';

export type StoreCall = 'get' | 'create' | 'put' | 'remove' | 'list';

/** Called before and after each call takes effect; may throw, to play a fault or a kill at that point. */
export type Interruption = (point: `${'before' | 'after'} ${StoreCall}`, key: string) => void;

export class MemoryStore implements ObjectStore {
  readonly objects = new Map<
    string,
    { body: Uint8Array; at: Date; metadata: Record<string, string> }
  >();
  readonly calls: { call: StoreCall; key: string }[] = [];
  interrupt: Interruption = () => {};
  /** When objects are written. */
  now: () => Date = () => new Date(0);

  async get(key: string, maxBytes: number): Promise<StoredObject | undefined> {
    return this.#do('get', key, () => {
      const object = this.objects.get(key);
      if (!object) return undefined;
      const { body, metadata } = object;
      const tooLarge = body.length > maxBytes;
      return {
        body: tooLarge ? new Uint8Array() : body,
        size: body.length,
        tooLarge,
        eTag: createHash('md5').update(body).digest('hex'),
        versionId: undefined,
        metadata,
      };
    });
  }

  async create(
    key: string,
    body: Uint8Array | string,
    _contentType: string,
    metadata: Record<string, string> = {},
  ): Promise<'created' | 'exists'> {
    return this.#do('create', key, () => {
      if (this.objects.has(key)) return 'exists' as const;
      this.#write(key, body, metadata);
      return 'created' as const;
    });
  }

  async put(key: string, body: Uint8Array | string): Promise<void> {
    return this.#do('put', key, () => this.#write(key, body));
  }

  async remove(key: string): Promise<void> {
    return this.#do('remove', key, () => {
      this.objects.delete(key);
    });
  }

  async *list(prefix: string, after = ''): AsyncGenerator<ListedObject> {
    const keys = await this.#do('list', prefix, () =>
      [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort(),
    );
    for (const key of keys) yield { key, lastModified: this.objects.get(key)?.at ?? new Date(0) };
  }

  /** Puts an object there as if it had always been: no call is counted. */
  seed(key: string, body: Uint8Array | string): void {
    this.#write(key, body);
  }

  /** Text of an object, for tests to look at. */
  text(key: string): string | undefined {
    const body = this.objects.get(key)?.body;
    return body && Buffer.from(body).toString('utf8');
  }

  json(key: string): Record<string, unknown> | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async #do<T>(call: StoreCall, key: string, action: () => T): Promise<T> {
    await Promise.resolve(); // other callers get their turn, as over a network
    this.calls.push({ call, key });
    this.interrupt(`before ${call}`, key);
    const result = action();
    this.interrupt(`after ${call}`, key);
    return result;
  }

  #write(key: string, body: Uint8Array | string, metadata: Record<string, string> = {}): void {
    this.objects.set(key, { body: Uint8Array.from(Buffer.from(body)), at: this.now(), metadata });
  }
}
