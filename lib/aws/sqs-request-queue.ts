import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { Fault } from '../fault.ts';
import { toFault } from './to-fault.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const BATCH_SIZE = 10;
/** Entries may fail although the call succeeds, so the SDK does not retry them; they are sent again here. */
const TRIES = 3;

/** The queue that the sign function reads. */
export class SqsRequestQueue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(client: SQSClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  /**
   * Sends messages, one batch after another.
   * @param bodies at most 100 KiB each, so that ten fit into a batch of 1 MiB
   * @throws Fault if a message could not be sent; those before it are in the queue, and this one may be as well
   */
  async send(bodies: readonly string[]): Promise<void> {
    for (let i = 0; i < bodies.length; i += BATCH_SIZE)
      await this.#sendBatch(bodies.slice(i, i + BATCH_SIZE));
  }

  async #sendBatch(bodies: readonly string[]): Promise<void> {
    let left = bodies.map((body, i) => ({ Id: String(i), MessageBody: body }));
    for (let tries = 1; ; tries++) {
      const failed = await this.#trySend(left);
      const [first] = failed;
      if (!first) return;
      const text = `SQS SendMessageBatch: ${failed.length} of ${left.length} messages: ${first.Code}: ${first.Message}`;
      if (failed.some(({ SenderFault }) => SenderFault)) throw new Fault('not-allowed', text);
      if (tries === TRIES) throw new Fault('unavailable', text);
      const ids = new Set(failed.map(({ Id }) => Id));
      left = left.filter(({ Id }) => ids.has(Id));
    }
  }

  async #trySend(entries: { Id: string; MessageBody: string }[]) {
    const command = new SendMessageBatchCommand({ QueueUrl: this.#url, Entries: entries });
    try {
      return (await this.#client.send(command)).Failed ?? [];
    } catch (error) {
      throw toFault('SQS SendMessageBatch', error);
    }
  }
}
