import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SqsRequestQueue } from '../../../lib/aws/sqs-request-queue.ts';

const URL = 'https://sqs.eu-central-1.amazonaws.com/111122223333/requests';
const bodies = (count: number) => Array.from({ length: count }, (_, i) => `body ${i}`);
const messages = (count: number) =>
  bodies(count).map((body, i) => ({ body, group: `prod/cp-${i % 3}` }));

/** A client that accepts every message for which `fails` returns undefined. */
function opened(fails: (body: string, tries: number) => object | undefined = () => undefined) {
  const sent: string[][] = [];
  const tries = new Map<string, number>();
  const client = new SQSClient({ region: 'eu-central-1' });
  jest.spyOn(client, 'send').mockImplementation(async (command: unknown) => {
    if (!(command instanceof SendMessageBatchCommand)) throw new Error('another command');
    const { Entries = [], QueueUrl } = command.input;
    expect(QueueUrl).toBe(URL);
    expect(new Set(Entries.map(({ Id }) => Id)).size).toBe(Entries.length);
    sent.push(Entries.map(({ MessageBody = '' }) => MessageBody));
    const Failed = Entries.flatMap(({ Id, MessageBody = '' }) => {
      tries.set(MessageBody, (tries.get(MessageBody) ?? 0) + 1);
      const failure = fails(MessageBody, tries.get(MessageBody) ?? 0);
      return failure ? [{ Id, ...failure }] : [];
    });
    return { Successful: [], Failed };
  });
  return { queue: new SqsRequestQueue(client, URL), sent };
}

const INTERNAL = { Code: 'InternalError', Message: 'try again', SenderFault: false };

it.each([
  [0, []],
  [1, [1]],
  [10, [10]],
  [11, [10, 1]],
  [25, [10, 10, 5]],
])('%i messages are sent in batches of %j, in order', async (count, sizes) => {
  const { queue, sent } = opened();
  await queue.send(messages(count));
  expect(sent.map(({ length }) => length)).toEqual(sizes);
  expect(sent.flat()).toEqual(bodies(count));
});

it('only the messages that failed are sent again', async () => {
  const { queue, sent } = opened((body, tries) =>
    body === 'body 3' && tries < 3 ? INTERNAL : undefined,
  );
  await queue.send(messages(12));
  expect(sent).toEqual([bodies(10), ['body 3'], ['body 3'], ['body 10', 'body 11']]);
});

it('messages that keep failing are a transient fault that reports their number', async () => {
  const { queue } = opened((body) => (body < 'body 2' ? INTERNAL : undefined));
  await expect(queue.send(messages(5))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('2 of 5 messages: InternalError: try again'),
  });
});

it('a message that the queue rejects is not sent again', async () => {
  const refusal = { Code: 'InvalidMessageContents', Message: 'no', SenderFault: true };
  const { queue, sent } = opened((body) => (body === 'body 1' ? refusal : undefined));
  await expect(queue.send(messages(5))).rejects.toMatchObject({ code: 'not-allowed' });
  expect(sent).toHaveLength(1);
});

it('messages that the queue does not take keep none of the others from being sent', async () => {
  const refusal = { Code: 'InvalidMessageContents', Message: 'no', SenderFault: true };
  const { queue, sent } = opened((body) => (body === 'body 1' ? refusal : undefined));
  await expect(queue.send(messages(12))).rejects.toThrow('1 of 12 messages');
  expect(sent).toContainEqual(['body 10', 'body 11']);
});

it('each message has the group of its node', async () => {
  const client = new SQSClient({ region: 'eu-central-1' });
  const send = jest.spyOn(client, 'send').mockImplementation(async () => ({}));
  await new SqsRequestQueue(client, URL).send(messages(2));
  expect(send.mock.calls[0]?.[0].input).toMatchObject({
    Entries: [{ MessageGroupId: 'prod/cp-0' }, { MessageGroupId: 'prod/cp-1' }],
  });
});

it('says of each message whether it was sent, whatever happens to the others', async () => {
  const refusal = { Code: 'InvalidMessageContents', Message: 'no', SenderFault: true };
  const { queue, sent } = opened((body) =>
    body === 'body 1' ? refusal : body === 'body 2' ? INTERNAL : undefined,
  );
  const result = await queue.trySend(messages(12));
  expect(result.flatMap((done, i) => (done ? [] : [i]))).toEqual([1, 2]);
  expect(sent).toContainEqual(['body 10', 'body 11']);
});

it('a queue that does not respond is a transient fault', async () => {
  const client = new SQSClient({ region: 'eu-central-1' });
  jest.spyOn(client, 'send').mockImplementation(async () => {
    throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  });
  await expect(new SqsRequestQueue(client, URL).send(messages(1))).rejects.toMatchObject({
    code: 'unavailable',
  });
});
