import { ChangeMessageVisibilityBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SqsSourceQueue, VISIBILITY_TIMEOUT_SECONDS } from '../../../lib/aws/sqs-source-queue.ts';

const QUEUE = {
  url: 'https://sqs.eu-central-1.amazonaws.com/111122223333/requests',
  arn: 'arn:aws:sqs:eu-central-1:111122223333:requests',
};

/** A client of a queue in which messages with certain receipt handles are in flight. */
function opened(inFlight: readonly string[], failure?: object) {
  const client = new SQSClient({ region: 'eu-central-1' });
  const sizes: number[] = [];
  jest.spyOn(client, 'send').mockImplementation(async (command: unknown) => {
    if (!(command instanceof ChangeMessageVisibilityBatchCommand)) throw new Error('another');
    const { Entries = [], QueueUrl } = command.input;
    expect(QueueUrl).toBe(QUEUE.url);
    sizes.push(Entries.length);
    const known = (handle = '') => inFlight.includes(handle);
    for (const { VisibilityTimeout } of Entries)
      expect(VisibilityTimeout).toBe(VISIBILITY_TIMEOUT_SECONDS);
    return {
      Successful: Entries.filter(({ ReceiptHandle }) => known(ReceiptHandle)),
      Failed: Entries.filter(({ ReceiptHandle }) => !known(ReceiptHandle)).map(({ Id }) => ({
        Id,
        Code: 'ReceiptHandleIsInvalid',
        Message: 'The input receipt handle is invalid.',
        SenderFault: true,
        ...failure,
      })),
    };
  });
  return { queue: new SqsSourceQueue(client, QUEUE), sizes };
}

it('says for each receipt handle whether its message is in flight', async () => {
  const { queue } = opened(['a', 'c']);
  expect(await queue.areInFlight(['a', 'b', 'c', ''])).toEqual([true, false, true, false]);
});

it('asks about ten at a time, and makes no call for none', async () => {
  const { queue, sizes } = opened([]);
  expect(await queue.areInFlight(Array(25).fill('x'))).toEqual(Array(25).fill(false));
  expect(await queue.areInFlight([])).toEqual([]);
  expect(sizes).toEqual([10, 10, 5]);
});

it('a failure of SQS proves nothing: it is a transient fault, not a forged message', async () => {
  const { queue } = opened(['a'], { SenderFault: false, Code: 'InternalError' });
  await expect(queue.areInFlight(['a', 'b'])).rejects.toMatchObject({ code: 'unavailable' });
});

it('a queue that does not respond is a transient fault', async () => {
  const client = new SQSClient({ region: 'eu-central-1' });
  jest.spyOn(client, 'send').mockImplementation(async () => {
    throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  });
  await expect(new SqsSourceQueue(client, QUEUE).areInFlight(['a'])).rejects.toMatchObject({
    code: 'unavailable',
  });
});
