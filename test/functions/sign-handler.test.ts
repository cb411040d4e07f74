import { readFileSync } from 'node:fs';
import { newSignHandler } from '../../functions/sign-handler.ts';
import { wakeMessage } from '../../functions/wake-message.ts';
import { recordKey } from '../../lib/contract/decision-record.ts';
import { Fault } from '../../lib/fault.ts';
import { CLUSTER, InMemoryService } from '../support/in-memory-service.ts';
import { csrOf, keyFile, kubeadmSet } from '../support/kubeadm-sets.ts';
import { lambdaContext, OwnMessages, withReporter } from '../support/running-service-lambda.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

const wakeBody = (key: string) => wakeMessage(key).body;

async function opened() {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  const queue = new OwnMessages();
  const invoke = (event: unknown) =>
    withReporter((reporter) =>
      newSignHandler(memory.service, queue, reporter)(event, lambdaContext),
    );
  const handle = (...bodies: string[]) => invoke(queue.deliver(...bodies));
  return { memory, node, queue, invoke, handle };
}

it('issues the certificates of a batch, and logs one line for each', async () => {
  const { memory, node, handle } = await opened();
  const keys = ['apiserver', 'etcd-peer'].map((name) => memory.upload(node, csrOf(set, name)));
  const { result, lines } = await handle(...keys.map(wakeBody));
  expect(result).toEqual({ batchItemFailures: [] });
  expect(lines).toHaveLength(2);
  for (const key of keys) {
    const record = memory.authority.json(recordKey(key)) as {
      certificate?: { serialNumber: string };
    };
    expect(lines.find(({ request }) => request === key)).toMatchObject({
      level: 'INFO',
      message: 'issued',
      serialNumber: record.certificate?.serialNumber,
      csrSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      ca: expect.any(String),
      keyId: expect.stringMatching(/^arn:aws:kms:/),
    });
  }
});

it('one malformed message does not fail the others', async () => {
  const { memory, node, handle } = await opened();
  const key = memory.upload(node, csrOf(set, 'apiserver'));
  const { result, lines } = await handle('garbage', wakeBody(key), '{"Records":1}');
  expect(result).toEqual({
    batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }],
  });
  expect(memory.outcome(key).certificate).toBeDefined();
  expect(lines.filter(({ level }) => level === 'ERROR')).toHaveLength(2);
});

it.each([
  [new Fault('unavailable', 'KMS is away'), 'WARN', 'unavailable'],
  [new Fault('not-allowed', 'no kms:Sign'), 'ERROR', 'not-allowed'],
  [new TypeError('x is undefined'), 'ERROR', 'bug'],
])('%s is redelivered, with a log line of level %s', async (error, level, code) => {
  const { memory, node, handle } = await opened();
  const key = memory.upload(node, csrOf(set, 'apiserver'));
  memory.keys.interrupt = () => {
    throw error;
  };
  const { result, lines } = await handle(wakeBody(key));
  expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
  expect(lines).toMatchObject([{ level, code, request: key }]);
  expect(memory.outcome(key).certificate).toBeUndefined();
});

it('reports failures message by message even if the whole batch fails', async () => {
  const { handle } = await opened();
  const { result } = await handle('one', 'two');
  expect(result).toMatchObject({ batchItemFailures: [{}, {}] });
});

it('logs a rejection with its codes, and a deleted key with a warning', async () => {
  const { memory, node, handle } = await opened();
  const wrong = `requests/${CLUSTER}/${node}/r1/kubelet.conf.csr`;
  const leak = `requests/${CLUSTER}/${node}/r1/pki/apiserver.key`;
  memory.exchange.seed(wrong, readFileSync(csrOf(set, 'scheduler.conf').file));
  memory.exchange.seed(leak, readFileSync(keyFile(set, csrOf(set, 'apiserver')) ?? ''));
  const { lines } = await handle(wakeBody(wrong), wakeBody(leak));
  expect(lines.find(({ request }) => request === wrong)?.codes).toContain('subject-common-name');
  expect(lines.filter(({ request }) => request === leak).map(({ level }) => level)).toEqual([
    'INFO',
    'WARN',
  ]);
});

it('no log line has a PEM block, or bytes of a CSR or a key', async () => {
  const { memory, node, handle } = await opened();
  const secrets: string[] = [];
  const bodies = set.csrs.map((csr) => {
    secrets.push(...linesOf(csr.file), ...linesOf(keyFile(set, csr) ?? csr.file));
    return wakeBody(memory.upload(node, csr));
  });
  const leak = `requests/${CLUSTER}/${node}/r1/pki/sa.key`;
  memory.exchange.seed(leak, readFileSync(keyFile(set, csrOf(set, 'apiserver')) ?? ''));
  const { text, lines } = await handle(...bodies, wakeBody(leak), 'no JSON: -----BEGIN');
  expect(lines.length).toBeGreaterThan(set.csrs.length);
  expect(text).not.toMatch(/-----BEGIN [A-Z ]+-----/);
  for (const secret of secrets) expect(text).not.toContain(secret);
});

/** Lines of base64, long enough not to occur by chance. */
const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));

describe('an invocation that does not come from the queue signs nothing', () => {
  it.each([
    ['a receipt handle of no message', { receiptHandle: 'stolen' }],
    ['the ARN of another queue', { eventSourceARN: 'arn:aws:sqs:eu-central-1:1:mallory' }],
  ])('a well-formed event with %s', async (_, forged) => {
    const { memory, node, queue, invoke } = await opened();
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    const { Records } = queue.deliver(wakeBody(key));
    const event = { Records: Records.map((record) => ({ ...record, ...forged })) };
    const { result, lines, metrics } = await invoke(event);
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: 'm0' }] });
    expect(lines).toMatchObject([{ level: 'ERROR', ignored: 1 }]);
    expect(metrics).toMatchObject([{ UnprovenWake: 1 }]);
    expect(memory.exchange.calls).toEqual([]);
    expect(memory.authority.calls).toEqual([]);
    expect(memory.keys.signed).toEqual([]);
  });

  it('a well-formed event of a message that was already processed', async () => {
    const { memory, node, queue, invoke } = await opened();
    const event = queue.deliver(wakeBody(memory.upload(node, csrOf(set, 'apiserver'))));
    queue.finish();
    await invoke(event);
    expect(memory.authority.calls).toEqual([]);
  });

  it('an event of S3, as buckets send it', async () => {
    const { memory, node, invoke } = await opened();
    const key = memory.upload(node, csrOf(set, 'apiserver'));
    const record = { eventSource: 'aws:s3', s3: { object: { key } } };
    await expect(invoke({ Records: [record] })).rejects.toThrow();
    expect(memory.authority.calls).toEqual([]);
  });

  it('forged messages do not stop the genuine ones of a batch', async () => {
    const { memory, node, queue, invoke } = await opened();
    const [forged, genuine] = ['apiserver', 'etcd-peer'].map((name) =>
      memory.upload(node, csrOf(set, name)),
    );
    const { Records } = queue.deliver(wakeBody(forged ?? ''), wakeBody(genuine ?? ''));
    const [first, second] = Records;
    await invoke({ Records: [{ ...first, receiptHandle: 'stolen' }, second] });
    expect(memory.outcome(forged ?? '').certificate).toBeUndefined();
    expect(memory.outcome(genuine ?? '').certificate).toBeDefined();
  });
});

it('if SQS does not say what is in the queue, the batch fails', async () => {
  const { memory, node, queue, handle } = await opened();
  queue.answers = false;
  await expect(handle(wakeBody(memory.upload(node, csrOf(set, 'apiserver'))))).rejects.toThrow();
  expect(memory.authority.calls).toEqual([]);
});
