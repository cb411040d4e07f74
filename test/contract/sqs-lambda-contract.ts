import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Contract } from './contract.ts';
import type { ContractEndpoint } from './endpoint.ts';

/** What Cakeless relies on in SQS and Lambda, as tests. */
export function sqsAndLambdaContract({ it, open }: Contract): void {
  let endpoint: ContractEndpoint;
  let sqs: SQSClient;
  let lambda: LambdaClient;

  beforeAll(async () => {
    endpoint = await open();
    sqs = new SQSClient({ ...endpoint.client, maxAttempts: 1 });
    lambda = new LambdaClient({ ...endpoint.client, maxAttempts: 1 });
  });

  afterAll(async () => {
    sqs.destroy();
    lambda.destroy();
    await endpoint.close();
  });

  describe('a queue', () => {
    const url = async () =>
      (await sqs.send(new GetQueueUrlCommand({ QueueName: endpoint.queueName }))).QueueUrl;

    it('accepts messages and returns digests that the client checks', async () => {
      const QueueUrl = await url();
      const sent = await sqs.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: 'körper',
          MessageAttributes: { kind: { DataType: 'String', StringValue: 'test' } },
        }),
      );
      expect(sent).toMatchObject({
        MessageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        MD5OfMessageBody: '4d44adfcd9ebc0dda1679f034889d292',
        MD5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      const batch = await sqs.send(
        new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'one' }] }),
      );
      expect(batch.Successful).toMatchObject([{ Id: 'a' }]);
    });

    describe('accepts batches', () => {
      const send = async (Entries: { Id: string; MessageBody: string }[]) =>
        sqs.send(new SendMessageBatchCommand({ QueueUrl: await url(), Entries }));
      const entries = (count: number) =>
        Array.from({ length: count }, (_, i) => ({ Id: `entry-${i}`, MessageBody: `body ${i}` }));

      it('of up to ten messages, each with its digest', async () => {
        const { Successful = [], Failed = [] } = await send(entries(10));
        expect(Successful.map(({ Id }) => Id).sort()).toEqual(entries(10).map(({ Id }) => Id));
        expect(Failed).toEqual([]);
        expect(new Set(Successful.map(({ MessageId }) => MessageId)).size).toBe(10);
        for (const { MD5OfMessageBody } of Successful)
          expect(MD5OfMessageBody).toMatch(/^[0-9a-f]{32}$/);
      });

      it.each([
        ['an empty one', [], 'EmptyBatchRequest'],
        ['one of eleven', entries(11), 'TooManyEntriesInBatchRequest'],
        ['one with a duplicate id', [...entries(2), ...entries(1)], 'BatchEntryIdsNotDistinct'],
        [
          'one with an invalid id',
          [{ Id: 'a b', MessageBody: 'x' }, ...entries(1)],
          'InvalidBatchEntryId',
        ],
        [
          'one that is too long in total',
          entries(2).map(({ Id }) => ({ Id, MessageBody: 'x'.repeat(600 * 1024) })),
          'BatchRequestTooLong',
        ],
      ])('but not %s', async (_, batch, name) => {
        await expect(send(batch)).rejects.toMatchObject({ name, $fault: 'client' });
      });
    });

    it('accepts message groups although it is not FIFO', async () => {
      const Entries = ['prod/cp-1', 'prod/cp-2'].map((MessageGroupId, i) => ({
        Id: String(i),
        MessageBody: 'one',
        MessageGroupId,
      }));
      const { Successful = [] } = await sqs.send(
        new SendMessageBatchCommand({ QueueUrl: await url(), Entries }),
      );
      expect(Successful).toHaveLength(2);
    });

    it('reports receipt handles of no message one by one, as a fault of the sender', async () => {
      const Entries = ['a', 'b'].map((Id) => ({
        Id,
        ReceiptHandle: `no receipt handle ${Id}`,
        VisibilityTimeout: 180,
      }));
      const { Successful = [], Failed = [] } = await sqs.send(
        new ChangeMessageVisibilityBatchCommand({ QueueUrl: await url(), Entries }),
      );
      expect(Successful).toEqual([]);
      expect(Failed.map(({ Id, SenderFault }) => [Id, SenderFault])).toEqual([
        ['a', true],
        ['b', true],
      ]);
    });

    it('has an ARN', async () => {
      const { Attributes } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: await url(), AttributeNames: ['QueueArn'] }),
      );
      expect(Attributes?.QueueArn).toMatch(
        new RegExp(`^arn:aws:sqs:${endpoint.client.region}:\\d{12}:${endpoint.queueName}$`),
      );
    });

    it('that does not exist causes QueueDoesNotExist', async () => {
      await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' }))).rejects.toMatchObject({
        name: 'QueueDoesNotExist',
      });
    });
  });

  describe('a function', () => {
    const invoke = (event: object, more: object = {}) =>
      lambda.send(
        new InvokeCommand({
          FunctionName: endpoint.functionName,
          Payload: JSON.stringify(event),
          ...more,
        }),
      );

    it('returns a result for its event', async () => {
      const { Payload, FunctionError, StatusCode } = await invoke({ a: 1 });
      expect(JSON.parse(Payload?.transformToString() ?? '')).toEqual({ echo: { a: 1 } });
      expect({ FunctionError, StatusCode }).toEqual({ FunctionError: undefined, StatusCode: 200 });
    });

    it('that throws returns the type and message of the error', async () => {
      const { Payload, FunctionError } = await invoke({ fail: 'too far' });
      expect(FunctionError).toBe('Unhandled');
      expect(JSON.parse(Payload?.transformToString() ?? '')).toMatchObject({
        errorType: 'RangeError',
        errorMessage: 'too far',
      });
    });

    it('can be invoked without waiting for its result', async () => {
      expect((await invoke({}, { InvocationType: 'Event' })).StatusCode).toBe(202);
    });

    it('that does not exist is ResourceNotFoundException', async () => {
      await expect(invoke({}, { FunctionName: 'none' })).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
      });
    });
  });
}
