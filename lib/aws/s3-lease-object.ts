/** One object that several holders write in turn, each only over what it has read. */
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { statusOf, toFault } from './to-fault.ts';

export interface LeaseState {
  readonly text: string;
  readonly eTag: string;
  /** Since the last write, in milliseconds, by S3's own clock: the Date of its answer less the object's LastModified. */
  readonly ageMs: number;
}

/**
 * A conditional write is `lost` when another came first. Conditional requests against S3:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export interface LeaseObject {
  read(): Promise<LeaseState | undefined>;
  /** @param over the eTag that was read; undefined where nothing was there */
  write(text: string, over: string | undefined): Promise<'written' | 'lost'>;
}

export class S3LeaseObject implements LeaseObject {
  readonly #client: S3Client;
  readonly #place: { Bucket: string; Key: string };

  constructor(client: S3Client, bucket: string, key: string) {
    this.#client = client;
    this.#place = { Bucket: bucket, Key: key };
  }

  async read(): Promise<LeaseState | undefined> {
    const command = new GetObjectCommand(this.#place);
    let date = Number.NaN;
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { headers } = result.response as { headers?: Record<string, string> };
        date = Date.parse(headers?.date ?? '');
        return result;
      },
      { step: 'deserialize', name: 'dateOfAnswer', priority: 'low' },
    );
    try {
      const answer = await this.#client.send(command);
      const text = (await answer.Body?.transformToString()) ?? '';
      const ageMs = date - (answer.LastModified?.getTime() ?? Number.NaN);
      // without both dates nobody can say how old it is: then it is new, and never taken from its holder
      return { text, eTag: answer.ETag ?? '', ageMs: Number.isFinite(ageMs) ? ageMs : 0 };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw this.#fault('GetObject', error);
    }
  }

  async write(text: string, over: string | undefined): Promise<'written' | 'lost'> {
    const condition = over === undefined ? { IfNoneMatch: '*' } : { IfMatch: over };
    try {
      await this.#client.send(
        new PutObjectCommand({
          ...this.#place,
          ...condition,
          Body: text,
          ContentType: 'application/json',
        }),
      );
      return 'written';
    } catch (error) {
      // 409: another conditional write was under way; 404: removed by the bucket's lifecycle
      if ([404, 409, 412].includes(statusOf(error) ?? 0)) return 'lost';
      throw this.#fault('PutObject', error);
    }
  }

  #fault(call: string, error: unknown) {
    return toFault(`S3 ${call} ${this.#place.Bucket}/${this.#place.Key}`, error);
  }
}
