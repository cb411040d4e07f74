/** Buckets that cost as little as possible, because S3 is not measured. */
import type { BucketObject, ListedObject, ObjectStore } from '../lib/store/object-store.ts';

type Metadata = Record<string, string>;

interface Written {
  readonly body: Uint8Array | string;
  readonly eTag: string;
  readonly metadata: Metadata;
}

export class BenchBucket implements ObjectStore {
  readonly #seeded = new Map<string, Written>();
  readonly #written = new Map<string, Written>();
  readonly #now: () => Date;
  #eTags = 0;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** What every certificate needs. */
  seed(key: string, body: Uint8Array): void {
    this.#seeded.set(key, this.#made(body, {}));
  }

  /** Until it is forgotten. */
  seedOnce(key: string, body: Uint8Array): void {
    this.#written.set(key, this.#made(body, {}));
  }

  /** Forgets everything but what was seeded. */
  forget(): void {
    this.#written.clear();
  }

  /** @throws Error if nobody has written the object as text */
  textOf(key: string): string {
    const body = this.#find(key)?.body;
    if (typeof body !== 'string') throw new Error(`${key} was not written`);
    return body;
  }

  async get(key: string): Promise<BucketObject | undefined> {
    const found = this.#find(key);
    if (!found) return undefined;
    const body = typeof found.body === 'string' ? Buffer.from(found.body) : found.body;
    return {
      body,
      size: body.length,
      tooLarge: false,
      eTag: found.eTag,
      versionId: undefined,
      metadata: found.metadata,
      lastModified: this.#now(),
      ageMs: 0,
    };
  }

  async getIfChanged(
    key: string,
    _maxBytes: number,
    eTag: string,
  ): Promise<BucketObject | 'unchanged' | undefined> {
    return this.#find(key)?.eTag === eTag ? 'unchanged' : this.get(key);
  }

  async create(key: string, body: Uint8Array | string, _type: string, metadata: Metadata = {}) {
    if (this.#find(key)) return 'exists' as const;
    this.#written.set(key, this.#made(body, metadata));
    return 'created' as const;
  }

  async replace(key: string, body: Uint8Array | string, _type: string, eTag: string) {
    if (this.#find(key)?.eTag !== eTag) return 'changed' as const;
    this.#written.set(key, this.#made(body, {}));
    return 'replaced' as const;
  }

  async put(key: string, body: Uint8Array | string): Promise<void> {
    this.#written.set(key, this.#made(body, {}));
  }

  async remove(key: string): Promise<void> {
    this.#written.delete(key);
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for (const [key, { eTag }] of this.#written)
      if (key.startsWith(prefix)) yield { key, eTag, lastModified: this.#now() };
  }

  #find(key: string): Written | undefined {
    return this.#written.get(key) ?? this.#seeded.get(key);
  }

  #made(body: Uint8Array | string, metadata: Metadata): Written {
    this.#eTags += 1;
    return { body, eTag: String(this.#eTags), metadata };
  }
}
