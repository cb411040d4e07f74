import { newTriageHandler } from '../../functions/triage-handler.ts';
import { type OutgoingMessage, readWakeMessage } from '../../functions/wake-message.ts';
import { Fault } from '../../lib/fault.ts';
import { lambdaContext, OwnMessages, withReporter } from '../support/running-service-lambda.ts';

const KEY = 'requests/prod/cp-1/r1/pki/apiserver.csr';
const UPLOADER = 'AWS:AROAEXAMPLE:i-0abc';
const APPROVAL = `approvals/${KEY}/${'a'.repeat(64)}/AROAAPPROVER:alice.json`;
const BUCKETS = { exchange: 'exchange', authority: 'authority' };

const s3Record = (key: string, bucket = 'exchange', eTag: string | undefined = 'e1') => ({
  eventSource: 'aws:s3',
  eventName: 'ObjectCreated:Put',
  userIdentity: { principalId: UPLOADER },
  s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key), eTag } },
});
const body = (...records: unknown[]) => JSON.stringify({ Records: records });

function opened() {
  const queue = new OwnMessages();
  const sent: OutgoingMessage[] = [];
  const requests = {
    accepts: (_message: OutgoingMessage) => true,
    async trySend(messages: readonly OutgoingMessage[]) {
      const accepted = messages.filter(this.accepts);
      sent.push(...accepted);
      return messages.map((message) => accepted.includes(message));
    },
  };
  const invoke = (event: unknown) =>
    withReporter(
      (reporter) => newTriageHandler(queue, requests, BUCKETS, reporter)(event, lambdaContext),
      'triage',
    );
  return {
    queue,
    requests,
    sent,
    invoke,
    deliver: (...bodies: string[]) => invoke(queue.deliver(...bodies)),
    wakes: () => sent.map((message) => readWakeMessage(message.body)),
  };
}

it('sends one message for each upload, with its uploader, in the group of its node', async () => {
  const { deliver, sent, wakes } = opened();
  const other = 'requests/prod/cp-2/r1/pki/apiserver.csr';
  const { result } = await deliver(body(s3Record(KEY)), body(s3Record(other)));
  expect(result).toEqual({ batchItemFailures: [] });
  expect(wakes()).toEqual([
    { key: KEY, uploader: UPLOADER, eTag: 'e1' },
    { key: other, uploader: UPLOADER, eTag: 'e1' },
  ]);
  expect(sent.map(({ group }) => group)).toEqual(['prod/cp-1', 'prod/cp-2']);
});

it('an approval wakes its request and names no uploader', async () => {
  const { deliver, wakes } = opened();
  await deliver(body(s3Record(APPROVAL, 'authority')));
  expect(wakes()).toEqual([{ key: KEY, uploader: undefined, eTag: undefined }]);
});

it('an object under requests/ that is not a request is passed on: it may contain a private key', async () => {
  const { deliver, sent, wakes } = opened();
  const leaks = ['requests/prod/cp-1/pki/sa.key', 'requests/prod/cp-1/r1/admin.conf', 'requests/x'];
  await deliver(...leaks.map((key) => body(s3Record(key))));
  expect(wakes().map(({ key }) => key)).toEqual(leaks);
  expect(sent[0]?.group).toBe('prod/cp-1');
});

it.each([
  ['an outcome', 'certificates/prod/cp-1/r1/pki/apiserver.crt', 'exchange'],
  ['an upload to another bucket', KEY, 'another'],
  ['an upload to the authority bucket', KEY, 'authority'],
  ['an approval in the exchange bucket', APPROVAL, 'exchange'],
  ['an approval in another bucket', APPROVAL, 'another'],
  ['a standing approval', 'approvals/standing/prod/AIDAALICE.json', 'authority'],
  ['an approval of nothing', 'approvals/requests/x.json', 'authority'],
  ['a record', `records/${KEY.slice('requests/'.length)}.json`, 'authority'],
])('%s wakes nothing', async (_, key, bucket) => {
  const { deliver, sent } = opened();
  const { result, lines, metrics } = await deliver(body(s3Record(key, bucket)));
  expect(result).toEqual({ batchItemFailures: [] });
  expect(sent).toEqual([]);
  expect(lines).toMatchObject([{ level: 'WARN', key, bucket }]);
  expect(metrics).toMatchObject([{ EventDropped: 1 }]);
});

it('without an ETag the principal does not count, because the event does not say what it wrote', async () => {
  const { deliver, wakes } = opened();
  const { s3, ...rest } = s3Record(KEY);
  await deliver(body({ ...rest, s3: { ...s3, object: { key: KEY } } }));
  expect(wakes()).toEqual([{ key: KEY, uploader: undefined, eTag: undefined }]);
});

it('only a malformed message fails, and those whose requests could not be queued', async () => {
  const { deliver, requests, sent } = opened();
  requests.accepts = ({ body: text }) => !text.includes('cp-2');
  const other = 'requests/prod/cp-2/r1/pki/apiserver.csr';
  const { result } = await deliver(
    'garbage',
    body(s3Record(KEY)),
    body(s3Record(KEY), s3Record(other)),
    JSON.stringify({ Event: 's3:TestEvent' }),
  );
  expect(result).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }],
  });
  expect(sent).toHaveLength(2);
});

it('a queue that does not respond fails the whole batch, so that SQS delivers it again', async () => {
  const { deliver, requests, queue } = opened();
  requests.trySend = async () => {
    throw new Fault('unavailable', 'SQS is away');
  };
  await expect(deliver(body(s3Record(KEY)))).rejects.toThrow('SQS is away');
  queue.answers = false;
  await expect(deliver(body(s3Record(KEY)))).rejects.toThrow('unavailable');
});

describe('an invocation that does not come from the queue does nothing', () => {
  it.each([
    ['a receipt handle of no message', { receiptHandle: 'stolen' }],
    ['the ARN of another queue', { eventSourceARN: 'arn:aws:sqs:eu-central-1:1:mallory' }],
  ])('a well-formed event with %s', async (_, forged) => {
    const { queue, invoke, sent } = opened();
    const { Records } = queue.deliver(body(s3Record(KEY)));
    const event = { Records: Records.map((record) => ({ ...record, ...forged })) };
    const { result, lines, metrics } = await invoke(event);
    expect(sent).toEqual([]);
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(lines).toMatchObject([{ level: 'ERROR', ignored: 1 }]);
    expect(metrics).toMatchObject([{ UnprovenEvent: 1 }]);
  });

  it('a well-formed event of a message that was already processed', async () => {
    const { queue, invoke, sent } = opened();
    const event = queue.deliver(body(s3Record(KEY)));
    queue.finish();
    await invoke(event);
    expect(sent).toEqual([]);
  });

  it.each([{}, null, { Records: [{ body: 'x' }] }, 'text'])('%j', async (event) => {
    const { invoke, sent } = opened();
    await expect(invoke(event)).rejects.toThrow();
    expect(sent).toEqual([]);
  });
});
