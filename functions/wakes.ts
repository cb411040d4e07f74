/** Extracts from an SQS message the requests that it names. */
import * as z from 'zod/mini';
import { clusterOfStandingApproval, requestKeyOfApproval } from '../lib/contract/approvals.ts';
import { EXCHANGE_PREFIXES } from '../lib/contract/prefixes.ts';
import type { Wake } from '../lib/issuance/wake.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
const s3EventSchema = z.object({
  Records: z.array(
    z.object({
      eventName: z.string(),
      userIdentity: z.optional(z.object({ principalId: z.string() })),
      s3: z.object({ object: z.object({ key: z.string(), eTag: z.optional(z.string()) }) }),
    }),
  ),
});

/** S3 sends this once, when the notification is configured. */
const testEventSchema = z.object({ Event: z.literal('s3:TestEvent') });

/**
 * The wake-ups in a message body. The event of an upload names the uploader; the key of an approval names the request.
 * @throws Error if neither S3 nor the reconcile function sends such a body
 */
export function readWakes(body: string): Wake[] {
  const value: unknown = JSON.parse(body);
  if (testEventSchema.safeParse(value).success) return [];
  return s3EventSchema.parse(value).Records.flatMap((record): Wake[] => {
    const key = decodeKey(record.s3.object.key);
    const principal = record.userIdentity?.principalId;
    const { eTag } = record.s3.object;
    if (key.startsWith(EXCHANGE_PREFIXES.requests)) return [{ key, uploader: principal, eTag }];
    const requestKey = requestKeyOfApproval(key);
    return requestKey === undefined ? [] : [{ key: requestKey }];
  });
}

/** The clusters whose standing approval was written, according to a message body. */
export function readStandingApprovals(body: string): string[] {
  const event = s3EventSchema.safeParse(JSON.parse(body));
  const keys = event.data?.Records.map((record) => decodeKey(record.s3.object.key)) ?? [];
  return keys.map(clusterOfStandingApproval).filter((cluster) => cluster !== undefined);
}

/** The body of a message that wakes a request as an upload does, but names no uploader. */
export function wakeMessage(key: string): string {
  const record = {
    eventName: 'Cakeless:Reconcile',
    s3: { object: { key: encodeURIComponent(key) } },
  };
  return JSON.stringify({ Records: [record] });
}

/** S3 encodes keys in events like form fields: spaces as +, other characters by percent. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
