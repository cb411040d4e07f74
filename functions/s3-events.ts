/** What S3 reports about objects that were written, as far as the functions use it. */
import * as z from 'zod/mini';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const s3EventSchema = z.object({
  Records: z.array(
    z.object({
      eventSource: z.literal('aws:s3'),
      eventName: z.string(),
      userIdentity: z.optional(z.object({ principalId: z.string() })),
      s3: z.object({
        bucket: z.object({ name: z.string() }),
        object: z.object({ key: z.string(), eTag: z.optional(z.string()) }),
      }),
    }),
  ),
});

/** S3 sends this once, when the notification is configured. */
const testEventSchema = z.object({ Event: z.literal('s3:TestEvent') });

/** An object that was written, and by whom. */
export interface WrittenObject {
  readonly bucket: string;
  readonly key: string;
  readonly principal: string | undefined;
  readonly eTag: string | undefined;
}

/** @throws Error if S3 does not send such an event */
export function readS3Event(value: unknown): WrittenObject[] {
  if (testEventSchema.safeParse(value).success) return [];
  return s3EventSchema.parse(value).Records.flatMap((record) => {
    if (!record.eventName.startsWith('ObjectCreated:')) return [];
    const { bucket, object } = record.s3;
    const key = decodeKey(object.key);
    const principal = record.userIdentity?.principalId;
    return [{ bucket: bucket.name, key, principal, eTag: object.eTag }];
  });
}

/** Whether an event is one of S3, and not, for example, one of a schedule. */
export function isS3Event(value: unknown): boolean {
  return s3EventSchema.safeParse(value).success;
}

/** S3 encodes keys in events like form fields: spaces as +, other characters by percent. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
