import {
  type BatchResultErrorEntry,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { Fault } from '../fault.ts';
import { toFault } from './to-fault.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const BATCH_SIZE = 10;
/** Entries may fail although the call succeeds, so the SDK does not retry them; they are sent again here. */
const TRIES = 3;

export interface QueuedMessage {
  /** At most 100 KiB, so that ten fit into a batch of 1 MiB. */
  readonly body: string;
  /**
   * Whose message it is: those of one group do not delay those of others.
   * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
   */
  readonly group: string;
}

/** The queue that the sign function reads. */
export class SqsRequestQueue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(client: SQSClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  /**
   * Sends messages, one batch after another; what the queue does not take delays none of the others.
   * @throws Fault if messages could not be sent; the others are in the queue, and these may be as well
   */
  async send(messages: readonly QueuedMessage[]): Promise<void> {
    const failed: BatchResultErrorEntry[] = [];
    for (let i = 0; i < messages.length; i += BATCH_SIZE)
      failed.push(...(await this.#sendBatch(messages.slice(i, i + BATCH_SIZE))));
    const first = failed.find(({ SenderFault }) => SenderFault) ?? failed[0];
    if (!first) return;
    throw new Fault(
      first.SenderFault ? 'not-allowed' : 'unavailable',
      `SQS SendMessageBatch: ${failed.length} of ${messages.length} messages: ${first.Code}: ${first.Message}`,
    );
  }

  /** Sends all batches at the same time. @returns for each message, whether it was sent */
  async trySend(messages: readonly QueuedMessage[]): Promise<boolean[]> {
    const batches: Promise<boolean[]>[] = [];
    for (let i = 0; i < messages.length; i += BATCH_SIZE)
      batches.push(this.#trySendBatch(messages.slice(i, i + BATCH_SIZE)));
    return (await Promise.all(batches)).flat();
  }

  async #trySendBatch(batch: readonly QueuedMessage[]): Promise<boolean[]> {
    const failed = new Set((await this.#sendBatch(batch)).map(({ Id }) => Id));
    return batch.map((_, i) => !failed.has(String(i)));
  }

  /** @returns the entries that keep failing, or that the queue refuses, the refused ones first */
  async #sendBatch(messages: readonly QueuedMessage[]): Promise<BatchResultErrorEntry[]> {
    const entries = messages.map(({ body, group }, i) => ({
      Id: String(i),
      MessageBody: body,
      MessageGroupId: group,
    }));
    const refused: BatchResultErrorEntry[] = [];
    let left: SendMessageBatchRequestEntry[] = entries;
    for (let tries = 1; ; tries++) {
      const failed = await this.#trySend(left);
      refused.push(...failed.filter(({ SenderFault }) => SenderFault));
      const retried = failed.filter(({ SenderFault }) => !SenderFault);
      if (retried.length === 0 || tries === TRIES) return [...refused, ...retried];
      const ids = new Set(retried.map(({ Id }) => Id));
      left = left.filter(({ Id }) => ids.has(Id));
    }
  }

  async #trySend(Entries: SendMessageBatchRequestEntry[]): Promise<BatchResultErrorEntry[]> {
    const command = new SendMessageBatchCommand({ QueueUrl: this.#url, Entries });
    try {
      return (await this.#client.send(command)).Failed ?? [];
    } catch (error) {
      throw toFault('SQS SendMessageBatch', error);
    }
  }
}
