import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { LocalFunction, RunningLocal } from '../../local/server.ts';
import { HandTimers, s3As, start, temporaryFolder, tidyUp } from './stand-in.ts';

afterEach(tidyUp);

const upload = (local: RunningLocal, Key: string, Body = 'csr') =>
  s3As(local).send(new PutObjectCommand({ Bucket: 'exchange', Key, Body }));

/** A function that records its events and behaves as the test says. */
function recorder(answer: (records: SQSRecord[]) => unknown = () => undefined) {
  const seen: SQSRecord[] = [];
  const sign: LocalFunction = async (event) => {
    const { Records } = event as SQSEvent;
    seen.push(...Records);
    return answer(Records);
  };
  return { seen, functions: { sign } };
}

/** Redelivers delayed messages, one delay after the other, until the queue is empty. */
async function letTimePass(local: RunningLocal, timers: HandTimers): Promise<number[]> {
  const delays: number[] = [];
  let idle = false;
  const ended = local.idle().then(() => {
    idle = true;
  });
  while (!idle) {
    delays.push(...timers.delays);
    timers.runAll();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await ended;
  return delays;
}

describe('an upload', () => {
  it('reaches the function as an S3 event in an SQS record', async () => {
    const { seen, functions } = recorder();
    const local = await start({ functions });
    await upload(local, 'requests/blue/cp 1/r+1/ü.csr');
    await local.idle();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:requests',
      awsRegion: 'eu-central-1',
      attributes: { ApproximateReceiveCount: '1' },
    });
    expect(JSON.parse(seen[0]?.body ?? '')).toMatchObject({
      Records: [
        {
          eventVersion: '2.1',
          eventSource: 'aws:s3',
          eventName: 'ObjectCreated:Put',
          userIdentity: { principalId: `AWS:${local.administrator.principalId}` },
          requestParameters: { sourceIPAddress: '127.0.0.1' },
          s3: {
            bucket: { name: 'exchange', arn: 'arn:aws:s3:::exchange' },
            object: { key: 'requests/blue/cp+1/r%2B1/%C3%BC.csr', size: 3 },
          },
        },
      ],
    });
  });

  it('is delivered immediately: no message waits for a timer', async () => {
    const { seen, functions } = recorder();
    const timers = new HandTimers();
    const local = await start({ functions, timers });
    for (const name of ['a', 'b', 'c']) await upload(local, `requests/${name}.csr`);
    await local.idle();
    expect([seen.length, timers.delays]).toEqual([3, []]);
  });

  it('under another prefix sends no event', async () => {
    const { seen, functions } = recorder();
    const local = await start({ functions });
    await upload(local, 'certificates/blue/cp1/r1/a.crt');
    await local.idle();
    expect(seen).toEqual([]);
  });

  it('is delivered once for each of a hundred, in batches of the requested size at most', async () => {
    const sizes: number[] = [];
    const { seen, functions } = recorder((records) => {
      sizes.push(records.length);
    });
    const local = await start({
      functions,
      queues: [{ name: 'requests', function: 'sign', batchSize: 3, concurrency: 2 }],
    });
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => upload(local, `requests/blue/cp1/r${n}/a.csr`)),
    );
    await local.idle();
    expect(new Set(seen.map(({ body }) => body)).size).toBe(100);
    expect(seen).toHaveLength(100);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
  });
});

it('a batch of messages fails only in the message that is invalid', async () => {
  const { seen, functions } = recorder();
  const local = await start({ functions });
  const sqs = new SQSClient({
    endpoint: local.url,
    region: local.region,
    credentials: local.administrator,
  });
  const entries = ['one', '', 'three'].map((MessageBody, i) => ({ Id: `e${i}`, MessageBody }));
  const response = await sqs.send(
    new SendMessageBatchCommand({ QueueUrl: local.queueUrl('requests'), Entries: entries }),
  );
  sqs.destroy();
  expect(response.Successful?.map(({ Id }) => Id)).toEqual(['e0', 'e2']);
  expect(response.Failed).toMatchObject([
    { Id: 'e1', Code: 'InvalidParameterValueException', SenderFault: true },
  ]);
  await local.idle();
  expect(seen.map(({ body }) => body).sort()).toEqual(['one', 'three']);
});

describe('a message that the function fails to process', () => {
  const failures: [string, (records: SQSRecord[]) => unknown][] = [
    [
      'by throwing',
      () => {
        throw new Error('failed on purpose');
      },
    ],
    [
      'by listing it',
      (records) => ({
        batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })),
      }),
    ],
    ['by listing another', () => ({ batchItemFailures: [{ itemIdentifier: 'other' }] })],
    ['by listing nothing', () => ({ batchItemFailures: [{ itemIdentifier: '' }] })],
  ];
  it.each(failures)(
    '%s is redelivered later, and finally becomes a dead letter',
    async (_name, fail) => {
      const dataDir = await temporaryFolder();
      const timers = new HandTimers();
      const { seen, functions } = recorder(fail);
      const local = await start({
        dataDir,
        timers,
        functions,
        queues: [{ name: 'requests', function: 'sign', maxReceives: 3 }],
      });
      await upload(local, 'requests/blue/cp1/r1/a.csr');
      expect(await letTimePass(local, timers)).toEqual([1000, 2000]);
      expect(seen.map(({ attributes }) => attributes.ApproximateReceiveCount)).toEqual([
        '1',
        '2',
        '3',
      ]);
      const [dead] = local.deadLetters();
      expect(dead).toMatchObject({ body: seen[0]?.body, receives: 3 });
      const file = join(dataDir, 'dead-letters', 'requests', `${dead?.messageId}.json`);
      expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(dead);
      expect(await readdir(join(dataDir, 'queues', 'requests'))).toEqual([]);
    },
  );

  it('is redelivered alone if the others of its batch succeeded', async () => {
    const timers = new HandTimers();
    const failOnce = new Set<string>();
    const { seen, functions } = recorder((records) => ({
      batchItemFailures: records
        .filter(({ body, messageId }) => body === 'bad' && !failOnce.has(messageId))
        .map(({ messageId }) => {
          failOnce.add(messageId);
          return { itemIdentifier: messageId };
        }),
    }));
    const local = await start({ functions, timers });
    const { region, administrator: credentials } = local;
    const sqs = new SQSClient({ endpoint: local.url, region, credentials });
    for (const MessageBody of ['good', 'bad', 'good']) {
      await sqs.send(new SendMessageCommand({ QueueUrl: local.queueUrl('requests'), MessageBody }));
    }
    sqs.destroy();
    await letTimePass(local, timers);
    expect(seen.map(({ body }) => body).sort()).toEqual(['bad', 'bad', 'good', 'good']);
    expect(local.deadLetters()).toEqual([]);
  });
});

describe('a restart on the same folder', () => {
  it('after a SIGKILL redelivers what was in flight, with its count, and keeps the objects', async () => {
    const dataDir = await temporaryFolder();
    const script = join(__dirname, 'hanging-process.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'three in flight') break;
    }
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;

    const { seen, functions } = recorder();
    const local = await start({ dataDir, functions });
    await local.idle();
    const keys = seen.map(({ body }) => JSON.parse(body).Records[0].s3.object.key as string);
    expect(keys.sort()).toEqual([1, 2, 3].map((n) => `requests/blue/cp1/r${n}/a.csr`));
    expect(seen.map(({ attributes }) => attributes.ApproximateReceiveCount)).toEqual([
      '2',
      '2',
      '2',
    ]);
    await expect(
      s3As(local).send(
        new PutObjectCommand({
          Bucket: 'exchange',
          Key: 'requests/blue/cp1/r1/a.csr',
          Body: 'other',
          IfNoneMatch: '*',
        }),
      ),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' });
  }, 30_000);

  it('waits for messages in flight when it is closed', async () => {
    const events: string[] = [];
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const sign: LocalFunction = async () => {
      begin();
      await new Promise<void>((resolve) => setImmediate(resolve));
      events.push('function ended');
    };
    const local = await start({ functions: { sign } });
    await upload(local, 'requests/blue/cp1/r1/a.csr');
    await begun;
    await local.close();
    events.push('closed');
    expect(events).toEqual(['function ended', 'closed']);
  });

  it('is refused while another process uses the folder', async () => {
    const dataDir = await temporaryFolder();
    await start({ dataDir });
    await expect(start({ dataDir })).rejects.toThrow('in use by process');
  });
});

describe('functions', () => {
  it('are loaded at their first call, with any number of parameters', async () => {
    const events: unknown[] = [];
    const likeMiddy = async (event: unknown = {}) => void events.push(event);
    let loads = 0;
    const load = async (): Promise<LocalFunction> => {
      loads += 1;
      return likeMiddy;
    };
    for (const sign of [load, likeMiddy]) {
      const local = await start({ functions: { sign } });
      await upload(local, 'requests/a');
      await local.idle();
      await upload(local, 'requests/b');
      await local.idle();
    }
    expect(loads).toBe(1);
    expect(events).toHaveLength(4);
  });

  it('are called on schedule with an event, first when the schedule says so', async () => {
    const timers = new HandTimers();
    const events: unknown[] = [];
    let ended: () => void = () => undefined;
    await start({
      timers,
      functions: {
        sign: async () => undefined,
        reconcile: async (event) => {
          events.push(event);
          setImmediate(() => ended());
        },
      },
      schedules: [
        { function: 'reconcile', event: { records: true }, firstMs: 600_000, everyMs: 86_400_000 },
      ],
    });
    for (const delayMs of [600_000, 86_400_000]) {
      expect(timers.delays).toEqual([delayMs]);
      const planned = new Promise<void>((resolve) => {
        ended = resolve;
      });
      timers.runAll();
      await planned;
    }
    expect(events).toEqual([{ records: true }, { records: true }]);
  });

  it('are called on schedule with an EventBridge event', async () => {
    const timers = new HandTimers();
    const events: unknown[] = [];
    let called: () => void = () => undefined;
    const once = new Promise<void>((resolve) => {
      called = resolve;
    });
    const reconcile: LocalFunction = async (event) => {
      events.push(event);
      called();
    };
    await start({
      timers,
      functions: { sign: async () => undefined, reconcile },
      schedules: [{ function: 'reconcile', everyMs: 60_000 }],
    });
    expect(timers.delays).toEqual([60_000]);
    timers.runAll();
    await once;
    expect(events).toMatchObject([{ source: 'aws.events', 'detail-type': 'Scheduled Event' }]);
  });

  it('must exist if a queue or schedule names them', async () => {
    await expect(start({ functions: {} })).rejects.toThrow('function sign is missing');
  });
});

describe('a queue with message groups', () => {
  /** A function that is called only when the test lets it, so that messages accumulate. */
  async function held(batchSize: number) {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const batches: SQSRecord[][] = [];
    const sign: LocalFunction = async (event) => {
      const { Records } = event as SQSEvent;
      batches.push(Records);
      begin();
      await released;
    };
    const local = await start({
      functions: { sign },
      queues: [{ name: 'requests', function: 'sign', batchSize, concurrency: 1 }],
    });
    const { region, administrator: credentials } = local;
    const sqs = new SQSClient({ endpoint: local.url, region, credentials });
    const send = (MessageBody: string, MessageGroupId?: string) =>
      sqs.send(
        new SendMessageCommand({
          QueueUrl: local.queueUrl('requests'),
          MessageBody,
          MessageGroupId,
        }),
      );
    return { local, sqs, send, batches, begun, release };
  }

  it('delivers those of a quiet group before the backlog of another', async () => {
    const { local, sqs, send, batches, release } = await held(2);
    for (let i = 0; i < 20; i++) await send(`noisy ${i}`, 'prod/noisy');
    for (const node of ['a', 'b']) await send(`quiet ${node}`, `prod/${node}`);
    release();
    await local.idle();
    sqs.destroy();
    const second = batches.slice(1, 3).flat();
    expect(second.map(({ body }) => body)).toEqual(expect.arrayContaining(['quiet a', 'quiet b']));
    expect(batches.flat()).toHaveLength(22);
    expect(second.map(({ attributes }) => attributes.MessageGroupId)).toContain('prod/a');
  });

  it('delivers messages that were sent as a batch as a batch', async () => {
    const { local, sqs, batches, release } = await held(10);
    release();
    const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: Id }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: local.queueUrl('requests'), Entries }));
    await local.idle();
    expect(batches.map((records) => records.map(({ body }) => body).sort())).toEqual([
      ['a', 'b', 'c'],
    ]);
    sqs.destroy();
  });

  it('knows a receipt handle while its message is in flight, and no other', async () => {
    const { local, sqs, send, batches, begun, release } = await held(1);
    await send('one', 'prod/a');
    await begun;
    const [[record] = []] = batches;
    const change = (...handles: string[]) =>
      sqs.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: local.queueUrl('requests'),
          Entries: handles.map((ReceiptHandle, i) => ({
            Id: String(i),
            ReceiptHandle,
            VisibilityTimeout: 180,
          })),
        }),
      );
    const handle = record?.receiptHandle ?? '';
    const changed = await change(handle, `${handle}x`, record?.messageId ?? '');
    release();
    expect(changed).toMatchObject({
      Successful: [{ Id: '0' }],
      Failed: [
        { Id: '1', Code: 'ReceiptHandleIsInvalid', SenderFault: true },
        { Id: '2', Code: 'ReceiptHandleIsInvalid', SenderFault: true },
      ],
    });
    await local.idle();
    expect((await change(handle)).Failed).toMatchObject([{ Code: 'ReceiptHandleIsInvalid' }]);
    sqs.destroy();
  });
});

describe('notifications', () => {
  interface S3Part {
    readonly object: { readonly key: string };
  }

  it('invoke a function, or go to one of several queues', async () => {
    const calls: string[] = [];
    const named =
      (name: string): LocalFunction =>
      async (event) => {
        const [first] = (event as { Records: { body?: string; s3?: S3Part }[] }).Records;
        const s3 = first?.s3 ?? (JSON.parse(first?.body ?? '').Records[0].s3 as S3Part);
        const { key } = s3.object;
        calls.push(`${name} ${key}`);
      };
    const local = await start({
      functions: { first: named('first'), second: named('second'), third: named('third') },
      queues: [
        { name: 'one', function: 'first' },
        { name: 'two', function: 'second' },
      ],
      notifications: [
        { bucket: 'exchange', prefix: 'a/', queue: 'one' },
        { bucket: 'exchange', prefix: 'b/', queue: 'two' },
        { bucket: 'exchange', prefix: 'c/', function: 'third' },
      ],
    });
    for (const folder of ['a', 'b', 'c', 'd']) await upload(local, `${folder}/x`);
    await local.idle();
    expect(calls.sort()).toEqual(['first a/x', 'second b/x', 'third c/x']);
  });

  it('need a function that exists', async () => {
    const notifications = [{ bucket: 'exchange', prefix: 'a/', function: 'none' }];
    await expect(start({ notifications })).rejects.toThrow('function none is missing');
  });
});
