import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ListedObject, ObjectStore, StoredObject } from '../store/object-store.ts';
import { statusOf, toFault } from './to-fault.ts';

/** S3 conditional writes: 409 means that another write was under way, and asks for another try. */
const CONFLICT_TRIES = 5;

/** A bucket as an `ObjectStore`. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async get(key: string, maxBytes: number): Promise<StoredObject | undefined> {
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key }),
      );
      const size = answer.ContentLength ?? Number.POSITIVE_INFINITY;
      const versionId = answer.VersionId;
      const tooLarge = size > maxBytes;
      if (tooLarge) drop(answer.Body);
      const body = tooLarge ? undefined : await answer.Body?.transformToByteArray();
      const metadata = answer.Metadata ?? {};
      const eTag = answer.ETag?.replaceAll('"', '');
      return { body: body ?? new Uint8Array(), size, tooLarge, eTag, versionId, metadata };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw this.#fault('GetObject', key, error);
    }
  }

  async create(
    key: string,
    body: Uint8Array | string,
    contentType: string,
    metadata?: Record<string, string>,
  ): Promise<'created' | 'exists'> {
    const input = { Key: key, Body: body, ContentType: contentType, Metadata: metadata };
    for (let tries = 1; ; tries++) {
      try {
        await this.#put({ ...input, IfNoneMatch: '*' });
        return 'created';
      } catch (error) {
        if (statusOf(error) === 412) return 'exists';
        if (statusOf(error) !== 409 || tries === CONFLICT_TRIES)
          throw this.#fault('PutObject', key, error);
      }
    }
  }

  async put(key: string, body: Uint8Array | string, contentType: string): Promise<void> {
    try {
      await this.#put({ Key: key, Body: body, ContentType: contentType });
    } catch (error) {
      throw this.#fault('PutObject', key, error);
    }
  }

  async remove(key: string, versionId?: string): Promise<void> {
    try {
      await this.#client.send(
        new DeleteObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: versionId }),
      );
    } catch (error) {
      if (statusOf(error) !== 404) throw this.#fault('DeleteObject', key, error);
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<ListedObject> {
    let token: string | undefined;
    do {
      const page = await this.#page(prefix, after, token);
      for (const { Key, LastModified } of page.Contents ?? [])
        if (Key !== undefined && LastModified) yield { key: Key, lastModified: LastModified };
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async #page(prefix: string, after: string | undefined, token: string | undefined) {
    try {
      return await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          StartAfter: after,
          ContinuationToken: token,
        }),
      );
    } catch (error) {
      throw this.#fault('ListObjectsV2', prefix, error);
    }
  }

  /** As bytes: the SDK takes an empty text for a body of unknown length. */
  #put({ Body, ...input }: Omit<PutObjectCommandInput, 'Bucket'> & { Body: Uint8Array | string }) {
    return this.#client.send(
      new PutObjectCommand({ Bucket: this.#bucket, ...input, Body: Buffer.from(Body) }),
    );
  }

  #fault(call: string, key: string, error: unknown) {
    return toFault(`S3 ${call} ${this.#bucket}/${key}`, error);
  }
}

/** Ends a body that nobody wants, so that its connection is not held open. */
function drop(body: unknown): void {
  if (body && typeof body === 'object' && 'destroy' in body && typeof body.destroy === 'function')
    body.destroy();
}
