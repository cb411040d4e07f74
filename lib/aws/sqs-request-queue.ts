import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { toFault } from './to-fault.ts';

/** The queue that the sign function reads. */
export class SqsRequestQueue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(client: SQSClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  async send(body: string): Promise<void> {
    try {
      await this.#client.send(new SendMessageCommand({ QueueUrl: this.#url, MessageBody: body }));
    } catch (error) {
      throw toFault('SQS SendMessage', error);
    }
  }
}
