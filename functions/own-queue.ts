/**
 * Takes only messages that are in the function's own queue. Anyone who may invoke the function can hand it any event; but
 * only its own role may receive from its queue, so nobody else has the receipt handle of a message there.
 */
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Metric } from '../lib/metric-names.ts';
import { measure, type Reporter } from './report.ts';

/** The queue that the function reads. */
export interface OwnQueue {
  readonly arn: string;
  /** For each receipt handle, whether it is that of a message that is in flight in the queue. */
  areInFlight(receiptHandles: readonly string[]): Promise<boolean[]>;
}

/** What the functions read of a message. */
const recordSchema = z.looseObject({
  messageId: z.string(),
  receiptHandle: z.string(),
  body: z.string(),
  eventSourceARN: z.string(),
});

const eventSchema = z.object({ Records: z.array(recordSchema) });

export type QueueRecord = Pick<
  SQSRecord,
  'messageId' | 'receiptHandle' | 'body' | 'eventSourceARN'
>;

/** What to report about messages that are not in the queue. */
export interface Unproven {
  readonly reporter: Reporter;
  readonly metric: Metric;
}

/**
 * Processes the messages of an event that are in the queue. The others are reported as failed, too: if Lambda delivered
 * one after its visibility timeout had ended, it must not be deleted.
 * @throws Error if the event is not one of a queue; Fault if the queue does not respond
 */
export async function processOwnMessages(
  queue: OwnQueue,
  { reporter, metric }: Unproven,
  event: unknown,
  processAll: (own: readonly QueueRecord[]) => Promise<SQSBatchResponse>,
): Promise<SQSBatchResponse> {
  const { Records: records } = eventSchema.parse(event);
  const claimed = records.filter(({ eventSourceARN }) => eventSourceARN === queue.arn);
  const inFlight = await queue.areInFlight(claimed.map(({ receiptHandle }) => receiptHandle));
  const own = claimed.filter((_, i) => inFlight[i]);
  const unproven = records.filter((record) => !own.includes(record));
  if (unproven.length > 0) {
    measure(reporter, metric, unproven.length);
    // nothing of the messages themselves: the caller wrote them
    reporter.logger.error('ignored messages that are not in the queue of this function', {
      ignored: unproven.length,
      fromOtherQueues: records.length - claimed.length,
    });
  }
  const failures = own.length > 0 ? (await processAll(own)).batchItemFailures : [];
  return { batchItemFailures: [...unproven.map(asFailure), ...failures] };
}

export const asFailure = ({ messageId }: QueueRecord) => ({ itemIdentifier: messageId });
