/**
 * The messages of the request queue, which triage and reconcile send and sign reads: one for each request to look at.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { EXCHANGE_PREFIXES } from '../lib/contract/prefixes.ts';
import type { Wake } from '../lib/issuance/wake.ts';

const wakeMessageSchema = z.strictObject({
  version: z.literal(1),
  /** Key of an object under `requests/`. */
  request: z
    .string()
    .check(
      z.refine((key) => key.startsWith(EXCHANGE_PREFIXES.requests), 'must be under requests/'),
    ),
  /** Who uploaded which bytes, if an event of S3 said so. */
  upload: z.optional(z.strictObject({ principal: z.string(), eTag: z.string() })),
});

export type WakeMessage = z.infer<typeof wakeMessageSchema>;

/** A message as it is sent. */
export interface OutgoingMessage {
  readonly body: string;
  /** Messages of one group do not delay those of others (SQS fair queues). */
  readonly group: string;
}

/** @param upload undefined if no event names the uploader: reconcile knows none, and neither does an approval */
export function wakeMessage(request: string, upload?: WakeMessage['upload']): OutgoingMessage {
  const message: WakeMessage = { version: 1, request, ...(upload && { upload }) };
  return { body: inAscii(JSON.stringify(message)), group: groupOf(request) };
}

/**
 * A node chooses the characters of its keys, and SQS refuses a message with some of them, U+FFFF for example. A message
 * that is always refused would stop a sender that tries again and again.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
const inAscii = (json: string) =>
  json.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** @throws Error if neither triage nor reconcile sends such a body */
export function readWakeMessage(body: string): Wake {
  const { request, upload } = wakeMessageSchema.parse(JSON.parse(body));
  return { key: request, uploader: upload?.principal, eTag: upload?.eTag };
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (MessageGroupId) */
const GROUP_ID = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

/**
 * `<cluster>/<node>`: a node can write only below it, so nobody else's requests are in its group. Too long a name is
 * replaced by its digest.
 */
function groupOf(request: string): string {
  const [cluster = '', node = ''] = request.slice(EXCHANGE_PREFIXES.requests.length).split('/');
  const name = `${cluster}/${node}`;
  return GROUP_ID.test(name) ? name : createHash('sha256').update(name).digest('hex');
}
