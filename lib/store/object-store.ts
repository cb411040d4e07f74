/** The port to a bucket: what the core reads and writes through, and what each call promises. */

/** The bytes of an object and what was stored with them. It may come from a file or an invitation instead of a bucket. */
export interface StoredObject {
  /** Empty if the object is larger than the `maxBytes` of the call, or unreadable. */
  readonly body: Uint8Array;
  readonly size: number;
  readonly tooLarge: boolean;
  /**
   * Set if the object exists, but its bytes cannot be read because of how its writer stored it: in an archive, or
   * encrypted with another key. The text says which.
   */
  readonly unreadable?: string;
  /** Identifies the content, without quotes: two different bodies have different ETags. */
  readonly eTag: string | undefined;
  /** Set if the bucket keeps versions. */
  readonly versionId: string | undefined;
  /** What `create` was given with the body (S3 user metadata). */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An object as a bucket returns it. */
export interface BucketObject extends StoredObject {
  readonly eTag: string;
  /** When it was last written, by the store's clock, which need not agree with ours. S3 reports whole seconds. */
  readonly lastModified: Date;
  /**
   * The time from its last write to this response, both by the store's clock; never negative. Use it instead of
   * `lastModified` and a clock here. 0 if the store did not report its time.
   */
  readonly ageMs: number;
}

/** Anything that objects can be read from. */
export interface ObjectReader {
  get(key: string, maxBytes: number): Promise<StoredObject | undefined>;
}

export interface ListedObject {
  readonly key: string;
  readonly eTag: string;
  readonly lastModified: Date;
}

/**
 * One bucket.
 * - A write is durable when its call returns.
 * - A read or listing sees every write whose call returned before it started (S3's strong consistency).
 * - The implementation retries transient failures. It throws nothing but `Fault`: `unavailable` if a later try may
 *   succeed, `not-allowed` or `not-configured` if a person has to act. A missing bucket is a fault, never a missing
 *   object.
 * - A write that throws may have taken effect, and a conditional write may return `exists` or `changed` because a retry
 *   conflicted with the write of an earlier attempt. A caller to whom that matters reads the object and compares.
 *
 * test/contract/object-store-contract.ts tests each promise, for every implementation.
 */
export interface ObjectStore {
  /**
   * Returns undefined if there is no such object. Never reads a body of more than `maxBytes`. An object whose writer made
   * it unreadable is returned without its body and metadata; one that the caller may not read is a fault.
   */
  get(key: string, maxBytes: number): Promise<BucketObject | undefined>;
  /**
   * As `get`, but `unchanged` if the object still has the ETag that was read (`If-None-Match`): then its body is not sent.
   */
  getIfChanged(
    key: string,
    maxBytes: number,
    eTag: string,
  ): Promise<BucketObject | 'unchanged' | undefined>;
  /**
   * Writes the object if the key is free (`If-None-Match: *`). Of any number of concurrent calls exactly one returns
   * `created`.
   */
  create(
    key: string,
    body: Uint8Array | string,
    contentType: string,
    metadata?: Record<string, string>,
  ): Promise<'created' | 'exists'>;
  /**
   * Writes the object if it still has the ETag that was read (`If-Match`). Of any number of concurrent calls with one
   * ETag at most one returns `replaced`, provided that each writes bytes that differ from those it replaces: identical
   * bytes have the same ETag. `changed`: nothing was written, because the object was replaced or removed since, or
   * because another write keeps getting in the way. S3 requires s3:GetObject for it in addition to s3:PutObject.
   */
  replace(
    key: string,
    body: Uint8Array | string,
    contentType: string,
    eTag: string,
  ): Promise<'replaced' | 'changed'>;
  /** Writes the object, whether or not the key is free. */
  put(key: string, body: Uint8Array | string, contentType: string): Promise<void>;
  /** Removes an object, or permanently one version of it. A missing object is not an error. */
  remove(key: string, versionId?: string): Promise<void>;
  /** Lists the objects under a prefix whose keys sort after `after`, ordered by key (as UTF-8 bytes). */
  list(prefix: string, after?: string): AsyncIterable<ListedObject>;
}
