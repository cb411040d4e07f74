import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { SQSBatchResponse } from 'aws-lambda';
import { requestKeyOfApproval } from '../lib/contract/approvals.ts';
import { EXCHANGE_PREFIXES } from '../lib/contract/prefixes.ts';
import { METRICS } from '../lib/metric-names.ts';
import { asFailure, type OwnQueue, processOwnMessages, type QueueRecord } from './own-queue.ts';
import { measure, type Reporter } from './report.ts';
import { readS3Event, type WrittenObject } from './s3-events.ts';
import { type OutgoingMessage, wakeMessage } from './wake-message.ts';

/** The names of the two buckets whose events triage takes. */
export interface EventBuckets {
  readonly exchange: string;
  readonly authority: string;
}

export interface RequestQueue {
  /** @returns for each message, whether it was sent */
  trySend(messages: readonly OutgoingMessage[]): Promise<boolean[]>;
}

/**
 * Turns the events of S3 into one message for each request, in the group of its node: S3 sends no group, and without
 * groups a node that floods the queue delays every other. It reads no object, so that a flood is sorted within seconds.
 */
export function newTriageHandler(
  uploads: OwnQueue,
  requests: RequestQueue,
  buckets: EventBuckets,
  reporter: Reporter,
) {
  const unproven = { reporter, metric: METRICS.unprovenEvent };
  const pass = async (records: readonly QueueRecord[]) => ({
    batchItemFailures: (await passOn(records, requests, buckets, reporter)).map(asFailure),
  });
  return middy<unknown, SQSBatchResponse>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler((event: unknown) => processOwnMessages(uploads, unproven, event, pass));
}

/** @returns the messages that failed: malformed ones, and those with a request that could not be queued */
async function passOn(
  records: readonly QueueRecord[],
  requests: RequestQueue,
  buckets: EventBuckets,
  reporter: Reporter,
): Promise<QueueRecord[]> {
  const failed = new Set<QueueRecord>();
  const outgoing: { record: QueueRecord; message: OutgoingMessage }[] = [];
  for (const record of records)
    try {
      for (const message of messagesOf(record.body, buckets, reporter))
        outgoing.push({ record, message });
    } catch (error) {
      failed.add(record);
      reporter.logger.error('an event is malformed', { error: errorOf(error) });
    }
  const sent = await requests.trySend(outgoing.map(({ message }) => message));
  for (const [i, { record }] of outgoing.entries()) if (!sent[i]) failed.add(record);
  const left = sent.filter((done) => !done).length;
  if (left > 0) reporter.logger.warn('requests could not be queued, and will be retried', { left });
  return [...failed];
}

/** @throws Error if S3 sends no such body */
function messagesOf(body: string, buckets: EventBuckets, reporter: Reporter): OutgoingMessage[] {
  const value: unknown = JSON.parse(body);
  return readS3Event(value).flatMap((written) => {
    const message = messageAbout(written, buckets);
    if (message) return [message];
    measure(reporter, METRICS.eventDropped, 1);
    reporter.logger.warn('an event concerns no request', {
      bucket: written.bucket,
      key: written.key,
    });
    return [];
  });
}

/**
 * The name of the bucket is checked because bucket and key decide what is woken, and whose principal counts as the
 * uploader. Objects under `requests/` whose keys are not those of requests are passed on: they may contain private keys.
 */
function messageAbout(
  { bucket, key, principal, eTag }: WrittenObject,
  buckets: EventBuckets,
): OutgoingMessage | undefined {
  if (bucket === buckets.exchange && key.startsWith(EXCHANGE_PREFIXES.requests)) {
    // without an ETag the event does not say which bytes the principal wrote
    const known = principal !== undefined && eTag !== undefined;
    return wakeMessage(key, known ? { principal, eTag } : undefined);
  }
  if (bucket !== buckets.authority) return undefined;
  const request = requestKeyOfApproval(key);
  return request === undefined ? undefined : wakeMessage(request);
}

const errorOf = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));
