export interface StoredObject {
  /** Empty where the object is larger than was asked for. */
  readonly body: Uint8Array;
  readonly size: number;
  readonly tooLarge: boolean;
  /** Without quotes; names these very bytes. */
  readonly eTag: string | undefined;
  /** Set where the bucket keeps versions. */
  readonly versionId: string | undefined;
  /** What `create` was given beside the body (S3 user metadata). */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ListedObject {
  readonly key: string;
  readonly lastModified: Date;
}

/**
 * One bucket. What a call returned is durable; reads see every write that returned before them (S3's strong
 * consistency). Passing faults are retried inside; what is thrown is a `Fault`.
 */
export interface ObjectStore {
  /** undefined if there is no such object. Reads no body over `maxBytes`. */
  get(key: string, maxBytes: number): Promise<StoredObject | undefined>;
  /**
   * Writes the object if there is none (`If-None-Match: *`): of any number of racing calls exactly one creates it.
   * A call that fails may have created it all the same; calling again with the same bytes is safe.
   */
  create(
    key: string,
    body: Uint8Array | string,
    contentType: string,
    metadata?: Record<string, string>,
  ): Promise<'created' | 'exists'>;
  /** Writes the object, replacing one that is there. */
  put(key: string, body: Uint8Array | string, contentType: string): Promise<void>;
  /** Removes an object, or one version of it for good. No object is no error. */
  remove(key: string, versionId?: string): Promise<void>;
  /** All objects under a prefix whose keys come behind `after`, in the order of their keys (as UTF-8 octets). */
  list(prefix: string, after?: string): AsyncIterable<ListedObject>;
}
