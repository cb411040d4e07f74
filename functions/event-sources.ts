export interface EventSource {
  /** At most ten: without a batching window, Lambda takes no more. */
  readonly batchSize: number;
  /** Concurrent runs of the function: from 2 to 1,000. */
  readonly maxConcurrency: number;
}

/**
 * How Lambda reads the two queues. Batches of more than ten would need a window of at least a second, which every node
 * that waits for a certificate would wait, too. Without it, triage needs more concurrent runs to sort a flood in time.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
 */
export const EVENT_SOURCES = {
  triage: { batchSize: 10, maxConcurrency: 20 },
  /** It limits the rate of calls to KMS. SQS recognizes a noisy group by thirty messages in flight: three batches. */
  sign: { batchSize: 10, maxConcurrency: 5 },
} as const satisfies Record<string, EventSource>;

/** What `reconcile` is called with once a day: it then checks the ledger, what expires, and what nodes report. */
export const DAILY_CHECK = { records: true } as const;
