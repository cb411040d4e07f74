/** A bucket in memory: an `ObjectStore` that counts its calls and fails where a test tells it to. */
import { createHash } from 'node:crypto';
import type { BucketObject, ListedObject, ObjectStore } from '../../lib/store/object-store.ts';

export type StoreCall = 'get' | 'getIfChanged' | 'create' | 'replace' | 'put' | 'remove' | 'list';

/** Called before and after each call takes effect. It may throw, to play a fault or a kill at that point. */
export type Interruption = (point: `${'before' | 'after'} ${StoreCall}`, key: string) => void;

interface MemoryObject {
  readonly body: Uint8Array;
  readonly at: Date;
  readonly metadata: Record<string, string>;
}

export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, MemoryObject>();
  /** Why an object cannot be read, by its key. */
  readonly unreadable = new Map<string, string>();
  readonly calls: { call: StoreCall; key: string }[] = [];
  interrupt: Interruption = () => {};
  /** The store's clock: determines the date and the age of what is written. */
  now: () => Date = () => new Date(0);

  async get(key: string, maxBytes: number): Promise<BucketObject | undefined> {
    return this.#do('get', key, () => this.#read(key, maxBytes));
  }

  async getIfChanged(
    key: string,
    maxBytes: number,
    eTag: string,
  ): Promise<BucketObject | 'unchanged' | undefined> {
    return this.#do('getIfChanged', key, () => {
      const object = this.#read(key, maxBytes);
      return object?.eTag === eTag && object.unreadable === undefined ? 'unchanged' : object;
    });
  }

  #read(key: string, maxBytes: number): BucketObject | undefined {
    const object = this.objects.get(key);
    if (!object) return undefined;
    const { body, metadata, at } = object;
    const unreadable = this.unreadable.get(key);
    const tooLarge = unreadable === undefined && body.length > maxBytes;
    return {
      body: tooLarge || unreadable !== undefined ? new Uint8Array() : body,
      ...(unreadable !== undefined && { unreadable }),
      size: body.length,
      tooLarge,
      eTag: eTagOf(object),
      versionId: undefined,
      metadata,
      lastModified: at,
      ageMs: Math.max(0, this.now().getTime() - at.getTime()),
    };
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

  async replace(
    key: string,
    body: Uint8Array | string,
    _contentType: string,
    eTag: string,
  ): Promise<'replaced' | 'changed'> {
    return this.#do('replace', key, () => {
      const object = this.objects.get(key);
      if (!object || eTagOf(object) !== eTag) return 'changed' as const;
      this.#write(key, body);
      return 'replaced' as const;
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
    yield* await this.#do('list', prefix, () =>
      [...this.objects]
        .filter(([key]) => key.startsWith(prefix) && compareBytes(key, after) > 0)
        .sort(([a], [b]) => compareBytes(a, b))
        .map(([key, object]) => ({ key, eTag: eTagOf(object), lastModified: object.at })),
    );
  }

  /** Stores an object as if it had always been there: it does not count as a call. */
  seed(key: string, body: Uint8Array | string): void {
    this.#write(key, body);
  }

  /** The text of an object, for assertions. */
  text(key: string): string | undefined {
    const body = this.objects.get(key)?.body;
    return body && Buffer.from(body).toString('utf8');
  }

  json(key: string): Record<string, unknown> | undefined {
    const text = this.text(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  async #do<T>(call: StoreCall, key: string, action: () => T): Promise<T> {
    await Promise.resolve(); // lets other callers run, as a call over a network does
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

/** As S3 makes it without KMS encryption: identical bodies have the same one. */
function eTagOf({ body }: MemoryObject): string {
  return createHash('md5').update(body).digest('hex');
}

/** UTF-8 has the order of UTF-16 unless there are surrogates, which no test's key has many of. */
const compareBytes = (a: string, b: string) =>
  SURROGATE.test(a) || SURROGATE.test(b)
    ? Buffer.compare(Buffer.from(a), Buffer.from(b))
    : Number(a > b) - Number(a < b);
const SURROGATE = /[\ud800-\udfff]/;
