import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { Fault } from '../fault.ts';
import { toFault } from './to-fault.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html */
const BATCH_SIZE = 10;

/**
 * The visibility timeout of both queues, which begins again here: six times the timeout of the functions
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
 */
export const VISIBILITY_TIMEOUT_SECONDS = 180;

/** A queue that a function reads. */
export class SqsSourceQueue {
  readonly arn: string;
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(client: SQSClient, { url, arn }: { readonly url: string; readonly arn: string }) {
    this.#client = client;
    this.#url = url;
    this.arn = arn;
  }

  /**
   * For each receipt handle, whether it is that of a message in flight: SQS changes the visibility timeout of no other.
   * @throws Fault if SQS does not say
   */
  async areInFlight(receiptHandles: readonly string[]): Promise<boolean[]> {
    const batches: Promise<boolean[]>[] = [];
    for (let i = 0; i < receiptHandles.length; i += BATCH_SIZE)
      batches.push(this.#proveBatch(receiptHandles.slice(i, i + BATCH_SIZE)));
    return (await Promise.all(batches)).flat();
  }

  async #proveBatch(receiptHandles: readonly string[]): Promise<boolean[]> {
    const { Successful = [], Failed = [] } = await this.#change(receiptHandles);
    const undecided = Failed.find(({ SenderFault }) => !SenderFault);
    if (undecided)
      throw new Fault(
        'unavailable',
        `SQS ChangeMessageVisibilityBatch: ${undecided.Code}: ${undecided.Message}`,
      );
    const proven = new Set(Successful.map(({ Id }) => Id));
    return receiptHandles.map((_, i) => proven.has(String(i)));
  }

  async #change(receiptHandles: readonly string[]) {
    const command = new ChangeMessageVisibilityBatchCommand({
      QueueUrl: this.#url,
      Entries: receiptHandles.map((ReceiptHandle, i) => ({
        Id: String(i),
        ReceiptHandle,
        VisibilityTimeout: VISIBILITY_TIMEOUT_SECONDS,
      })),
    });
    try {
      return await this.#client.send(command);
    } catch (error) {
      throw toFault('SQS ChangeMessageVisibilityBatch', error);
    }
  }
}
