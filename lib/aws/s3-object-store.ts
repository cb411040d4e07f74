import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Fault } from '../fault.ts';
import type { BucketObject, ListedObject, ObjectStore } from '../store/object-store.ts';
import { noteDate } from './note-date.ts';
import { codeOf, statusOf, toFault } from './to-fault.ts';
import { mayBeUnreadable, whyUnreadable } from './unreadable-object.ts';

/**
 * For S3's 409, which means that another conditional write or a delete is in progress; S3 asks the caller to try again.
 */
const CONFLICT_TRIES = 5;

type WrittenObject = Omit<PutObjectCommandInput, 'Bucket' | 'Body'> & {
  readonly Body: Uint8Array | string;
};

/** An S3 bucket as an `ObjectStore`. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  get(key: string, maxBytes: number): Promise<BucketObject | undefined> {
    return this.#get({ Key: key }, maxBytes);
  }

  async getIfChanged(
    key: string,
    maxBytes: number,
    eTag: string,
  ): Promise<BucketObject | 'unchanged' | undefined> {
    try {
      return await this.#get({ Key: key, IfNoneMatch: `"${eTag}"` }, maxBytes);
    } catch (error) {
      if (error instanceof Fault && statusOf(error.cause) === 304) return 'unchanged';
      throw error;
    }
  }

  async #get(
    input: { readonly Key: string; readonly IfNoneMatch?: string },
    maxBytes: number,
  ): Promise<BucketObject | undefined> {
    const { Key: key } = input;
    const command = new GetObjectCommand({ Bucket: this.#bucket, ...input });
    const date = noteDate(command);
    try {
      return await this.#toObject(key, await this.#client.send(command), maxBytes, date());
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      if (!mayBeUnreadable(error)) throw this.#fault('GetObject', key, error);
      return this.#lookUp(key, error);
    }
  }

  async #toObject(
    key: string,
    answer: GetObjectCommandOutput,
    maxBytes: number,
    date: Date | undefined,
  ): Promise<BucketObject> {
    const { Body, ETag, LastModified, VersionId, Metadata = {} } = answer;
    const size = answer.ContentLength ?? Number.POSITIVE_INFINITY;
    const tooLarge = size > maxBytes;
    if (tooLarge) discard(Body);
    const body = tooLarge ? undefined : await Body?.transformToByteArray();
    if (ETag === undefined || LastModified === undefined)
      throw new Fault(
        'unavailable',
        `S3 GetObject ${this.#bucket}/${key}: the response has no ETag or no Last-Modified`,
      );
    return {
      body: body ?? new Uint8Array(),
      size,
      tooLarge,
      eTag: unquote(ETag),
      versionId: VersionId,
      metadata: Metadata,
      lastModified: LastModified,
      ageMs: ageOf(LastModified, date),
    };
  }

  /**
   * After a refused GetObject: the object without its body, if its writer made it unreadable; undefined if it does not
   * exist. S3 returns 404 for a missing object only to callers that may list the whole bucket. A node may list only its
   * own prefixes, so it gets 403 and has to look at the listing. If it may not list this key either, the refusal is
   * reported. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  async #lookUp(key: string, refusal: unknown): Promise<BucketObject | undefined> {
    const entry = await this.#entry(key).catch((error: unknown) => {
      if (!(error instanceof Fault) || error.code !== 'not-allowed') throw error;
      throw this.#fault('GetObject', key, refusal);
    });
    if (!entry) return undefined;
    const unreadable =
      whyUnreadable(refusal, entry.storageClass) ?? (await this.#whyDenied(key, refusal));
    if (unreadable === undefined) throw this.#fault('GetObject', key, refusal);
    const { eTag, lastModified, size, ageMs } = entry;
    return {
      body: new Uint8Array(),
      size,
      tooLarge: false,
      unreadable,
      eTag,
      versionId: undefined,
      metadata: {},
      lastModified,
      ageMs,
    };
  }

  async #entry(key: string) {
    const command = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: key, MaxKeys: 1 });
    const date = noteDate(command);
    const { Contents = [] } = await this.#send('ListObjectsV2', key, () =>
      this.#client.send(command),
    );
    const found = Contents.find((object) => object.Key === key);
    if (found?.ETag === undefined || found.LastModified === undefined) return undefined;
    const { ETag, LastModified, Size = 0, StorageClass } = found;
    return {
      eTag: unquote(ETag),
      lastModified: LastModified,
      size: Size,
      storageClass: StorageClass,
      ageMs: ageOf(LastModified, date()),
    };
  }

  /**
   * A 403 may be about the KMS key that the writer chose: HeadObject, which needs the same permission and no key, then
   * succeeds and names it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
   */
  async #whyDenied(key: string, refusal: unknown): Promise<string | undefined> {
    if (statusOf(refusal) !== 403) return undefined;
    try {
      const { ServerSideEncryption = '', SSEKMSKeyId } = await this.#client.send(
        new HeadObjectCommand({ Bucket: this.#bucket, Key: key }),
      );
      if (!ServerSideEncryption.startsWith('aws:kms')) return undefined;
      return `it is encrypted with the KMS key ${SSEKMSKeyId ?? '(unknown)'}, which may not be used`;
    } catch (error) {
      const fault = this.#fault('HeadObject', key, error);
      if (fault.code === 'unavailable') throw fault;
      return undefined;
    }
  }

  async create(
    key: string,
    body: Uint8Array | string,
    contentType: string,
    metadata?: Record<string, string>,
  ): Promise<'created' | 'exists'> {
    const object = { Key: key, Body: body, ContentType: contentType, Metadata: metadata };
    const result = await this.#putIf({ ...object, IfNoneMatch: '*' });
    if (result === 'written') return 'created';
    if (statusOf(result.refused) === 412) return 'exists';
    throw this.#fault('PutObject', key, result.refused);
  }

  async replace(
    key: string,
    body: Uint8Array | string,
    contentType: string,
    eTag: string,
  ): Promise<'replaced' | 'changed'> {
    const object = { Key: key, Body: body, ContentType: contentType };
    const result = await this.#putIf({ ...object, IfMatch: `"${eTag}"` });
    if (result === 'written') return 'replaced';
    const { refused } = result;
    // 412: replaced since; 404: removed since; 409: another write is in progress again
    if (isMissingObject(refused) || [409, 412].includes(statusOf(refused) ?? 0)) return 'changed';
    throw this.#fault('PutObject', key, refused);
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
  async #putIf(object: WrittenObject): Promise<'written' | { readonly refused: unknown }> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#put(object);
        return 'written';
      } catch (error) {
        if (statusOf(error) !== 409 || tries === CONFLICT_TRIES) return { refused: error };
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

  /** Sends bytes: the SDK treats an empty string as a body of unknown length. */
  #put({ Body, ...input }: WrittenObject) {
    return this.#client.send(
      new PutObjectCommand({ Bucket: this.#bucket, ...input, Body: Buffer.from(Body) }),
    );
  }

  async remove(key: string, versionId?: string): Promise<void> {
    try {
      await this.#client.send(
        new DeleteObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: versionId }),
      );
    } catch (error) {
      if (!isMissingObject(error)) throw this.#fault('DeleteObject', key, error);
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<ListedObject> {
    let token: string | undefined;
    do {
      const page = await this.#page({
        Prefix: prefix,
        StartAfter: after,
        ContinuationToken: token,
      });
      for (const { Key, ETag, LastModified } of page.Contents ?? [])
        if (Key !== undefined && ETag !== undefined && LastModified !== undefined)
          yield { key: Key, eTag: unquote(ETag), lastModified: LastModified };
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  #page(input: Omit<ListObjectsV2CommandInput, 'Bucket'>) {
    return this.#send('ListObjectsV2', input.Prefix ?? '', () =>
      this.#client.send(new ListObjectsV2Command({ Bucket: this.#bucket, ...input })),
    );
  }

  async #send<T>(call: string, key: string, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw this.#fault(call, key, error);
    }
  }

  #fault(call: string, key: string, error: unknown): Fault {
    return error instanceof Fault ? error : toFault(`S3 ${call} ${this.#bucket}/${key}`, error);
  }
}

const unquote = (eTag: string) => eTag.replaceAll('"', '');

function ageOf(lastModified: Date, now: Date | undefined): number {
  return Math.max(0, (now ?? lastModified).getTime() - lastModified.getTime());
}

function isMissingObject(error: unknown): boolean {
  return statusOf(error) === 404 && codeOf(error) !== 'NoSuchBucket';
}

/** Ends a body that is not read, so that its connection does not stay open. */
function discard(body: unknown): void {
  if (body && typeof body === 'object' && 'destroy' in body && typeof body.destroy === 'function')
    body.destroy();
}
