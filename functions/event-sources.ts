export interface EventSource {
  readonly batchSize: number;
  /** How long Lambda collects messages for a batch. */
  readonly maxBatchingWindowSeconds: number;
  /** Concurrent runs of the function: from 2 to 1,000. */
  readonly maxConcurrency: number;
}

/**
 * How Lambda reads the two queues. Larger batches let triage sort a flood within seconds with few concurrent runs; one
 * second is the least window that Lambda accepts for batches of more than ten.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
 */
export const EVENT_SOURCES = {
  triage: { batchSize: 100, maxBatchingWindowSeconds: 1, maxConcurrency: 5 },
  /** It limits the rate of calls to KMS. SQS recognizes a noisy group by thirty messages in flight: three batches. */
  sign: { batchSize: 10, maxBatchingWindowSeconds: 0, maxConcurrency: 5 },
} as const satisfies Record<string, EventSource>;
