/** The service as nodes, approvers and operators use it: over HTTP, with unmodified SDK clients. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { LOCAL_BUCKETS } from '../../client/local-service.ts';
import { wakeMessage } from '../../functions/wake-message.ts';
import { requestApprovalKey } from '../../lib/contract/approvals.ts';
import { issuedKey, recordKey } from '../../lib/contract/decision-record.ts';
import { QUEUE_NAMES } from '../../local/queue-names.ts';
import { startLocal } from '../../local/server.ts';
import { readCertificateFacts } from '../support/certificate-facts.ts';
import { keyFile, kubeadmSet } from '../support/kubeadm-sets.ts';
import { RunningService, temporaryFolder, upload } from '../support/running-service.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const NODE = 'cp-1.prod.example.com';
const MINUTE_MS = 60_000;
const keyOf = (request: string, path: string) => `requests/prod/${NODE}/${request}/${path}`;
const csrOf = (name: string) =>
  set.csrs.find(({ certificateName }) => certificateName === name) ?? set.csrs[0];
const fileOf = (name: string) => csrOf(name)?.file ?? '';

let service: RunningService;
let node: S3Client;

/** Simulates an upload ten minutes ago whose event was lost: that stand-in notifies no queue. */
async function leaveRequestBehind(dataDir: string): Promise<void> {
  const local = await startLocal({
    dataDir,
    buckets: LOCAL_BUCKETS,
    functions: { sink: async () => undefined },
    queues: [{ name: 'none', function: 'sink' }],
    notifications: [],
    now: () => new Date(Date.now() - 10 * MINUTE_MS),
  });
  const { url: endpoint, region, administrator: credentials } = local;
  const s3 = new S3Client({ endpoint, region, credentials });
  await upload(s3, keyOf('lost', 'scheduler.conf.csr'), fileOf('scheduler.conf'));
  s3.destroy();
  await local.close();
  // principals keep their first statements, and this stand-in gave other ones to its service
  await rm(join(dataDir, 'principals.json'));
}

beforeAll(async () => {
  const dataDir = await temporaryFolder();
  await leaveRequestBehind(dataDir);
  service = await RunningService.start(dataDir);
  const made = await service.invoke('cakeless-create-ca', { trustDomain: 'fleet' });
  expect(made).toMatchObject({ trustDomain: 'fleet', created: true });
  await service.declare(set, 'prod');
  node = service.s3(`node:prod/${NODE}`);
});

afterAll(() => service.close());

it('issues every CSR of a generate-csr folder, except that super-admin.conf is pending', async () => {
  for (const { path, file } of set.csrs) await upload(node, keyOf('whole', path), file);
  await service.local.idle();
  const outcomes = await Promise.all(
    set.csrs.map(async ({ path, certificateName }) => {
      const outcome = await service.outcome(keyOf('whole', path));
      return [certificateName, Object.keys(outcome)];
    }),
  );
  const expected = set.csrs.map(({ certificateName }) => [
    certificateName,
    [certificateName === 'super-admin.conf' ? 'pending' : 'certificate'],
  ]);
  expect(outcomes).toEqual(expected);
});

it('the node reads its certificate and its trust bundle with an ordinary S3 client', async () => {
  await upload(node, keyOf('plain', 'pki/apiserver.csr'), fileOf('apiserver'));
  await service.local.idle();
  const read = async (Key: string) => {
    const object = await node.send(new GetObjectCommand({ Bucket: LOCAL_BUCKETS.exchange, Key }));
    return (await object.Body?.transformToString()) ?? '';
  };
  const pem = await read(`certificates/prod/${NODE}/plain/pki/apiserver.crt`);
  const ca = new X509Certificate(await read('trust/fleet/ca.crt'));
  const certificate = new X509Certificate(pem);
  expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true);
  const reference = readFileSync(csrOf('apiserver')?.reference ?? '', 'utf8');
  expect(readCertificateFacts(pem).names).toEqual(readCertificateFacts(reference).names);
});

it('accepts an upload in DER', async () => {
  const base64 = readFileSync(fileOf('etcd-peer'), 'utf8').replace(/-----[^-]+-----/g, '');
  const key = keyOf('der', 'pki/etcd/peer.csr');
  await upload(node, key, Buffer.from(base64, 'base64'));
  await service.local.idle();
  expect(Object.keys(await service.outcome(key))).toEqual(['certificate']);
});

it.each([
  ['the CSR of another certificate', 'kubelet.conf.csr', 'scheduler.conf', 'subject-common-name'],
  ['a path that kubeadm does not use', 'pki/mine.csr', 'apiserver', 'certificate-name-unknown'],
])('rejects %s, with the reasons', async (_, path, name, code) => {
  const key = keyOf('hostile', path);
  await upload(node, key, fileOf(name));
  await service.local.idle();
  const { rejected, ...others } = await service.outcome(key);
  expect(rejected?.violations.map((v) => v.code)).toContain(code);
  for (const { field, got, fix } of rejected?.violations ?? [])
    expect([field, got, fix]).not.toContain('');
  expect(others).toEqual({});
});

it('rejects garbage and oversized objects, and ignores keys that are not requests', async () => {
  const garbage = keyOf('garbage', 'pki/apiserver.csr');
  const huge = keyOf('huge', 'pki/apiserver.csr');
  const stray = 'requests/NOT_A_CLUSTER/x/y/z.csr';
  await upload(node, garbage, 'hello');
  await upload(node, huge, 'x'.repeat(40_000));
  await upload(service.s3(), stray, 'hello');
  await service.local.idle();
  expect((await service.outcome(garbage)).rejected).toBeDefined();
  expect((await service.outcome(huge)).rejected?.violations).toMatchObject([
    { code: 'object-too-large' },
  ]);
  expect(await service.keys('exchange', 'certificates/NOT')).toEqual([]);
  expect(await service.text('exchange', huge)).toBeUndefined();
});

it('deletes an uploaded private key, and stores no part of it anywhere', async () => {
  const csr = csrOf('apiserver');
  const pem = readFileSync((csr && keyFile(set, csr)) ?? '', 'utf8');
  const key = keyOf('leak', 'pki/apiserver.key');
  await expect(upload(node, key, pem)).rejects.toMatchObject({ name: 'AccessDenied' });
  await upload(service.s3(), key, pem);
  await service.local.idle();
  expect((await service.outcome(key)).rejected?.violations).toMatchObject([
    { code: 'private-key' },
  ]);
  expect(await service.text('exchange', key)).toBeUndefined();
  const secret = pem.split('\n')[1] ?? 'none';
  for (const bucket of ['exchange', 'authority'] as const)
    for (const name of await service.keys(bucket))
      expect(await service.text(bucket, name)).not.toContain(secret);
});

it('signs super-admin.conf after an approval that is only in the authority bucket', async () => {
  const key = keyOf('approved', 'super-admin.conf.csr');
  await upload(node, key, fileOf('super-admin.conf'));
  await service.local.idle();
  const { planDigest = '' } = (await service.outcome(key)).pending ?? {};
  const decided = { decision: 'approve', reason: 'ticket 4711', decidedAt: 'now' };
  const approval = { request: key, planDigest, ...decided };
  await service.s3('approver').send(
    new PutObjectCommand({
      Bucket: LOCAL_BUCKETS.authority,
      Key: requestApprovalKey(key, planDigest, service.userid('approver')),
      Body: JSON.stringify(approval),
      IfNoneMatch: '*',
    }),
  );
  await service.local.idle();
  const { certificate = '', ...others } = await service.outcome(key);
  expect(readCertificateFacts(certificate).subject.O).toEqual(['system:masters']);
  expect(others).toEqual({});
});

it('ten equal messages at once result in one record, one serial number and one outcome', async () => {
  const key = keyOf('ten', 'pki/etcd/server.csr');
  await upload(node, key, fileOf('etcd-server'));
  await Promise.all(Array.from({ length: 10 }, () => service.sendMessage(wakeMessage(key).body)));
  await service.local.idle();
  const { certificate = '', ...others } = await service.outcome(key);
  expect(others).toEqual({});
  expect(await service.keys('authority', `records/prod/${NODE}/ten/`)).toHaveLength(2);
  const record = JSON.parse((await service.text('authority', recordKey(key))) ?? '');
  const serial = new X509Certificate(certificate).serialNumber.toLowerCase();
  expect(record.certificate.serialNumber).toBe(serial);
  expect(await service.text('authority', issuedKey(key))).toBe(certificate);
});

it('the reconcile function finds a request whose event was lost, and ignores recent ones', async () => {
  const key = keyOf('lost', 'scheduler.conf.csr');
  expect(await service.outcome(key)).toEqual({});
  expect(await service.invoke('cakeless-reconcile', {})).toEqual({ requeued: 1 });
  await service.local.idle();
  expect(Object.keys(await service.outcome(key))).toEqual(['certificate']);
  expect(await service.invoke('cakeless-reconcile', { records: true })).toEqual({ requeued: 0 });
});

describe('an invocation of a function by someone else', () => {
  const record = (queue: string, body: string) => ({
    messageId: 'm1',
    receiptHandle: '00000000-0000-4000-8000-000000000000',
    body,
    eventSource: 'aws:sqs',
    eventSourceARN: service.local.queueArn(queue),
  });

  it('with a well-formed message signs nothing', async () => {
    const key = keyOf('forged', 'scheduler.conf.csr');
    await service.store('exchange').put(key, 'x', 'text/plain'); // wakes; ends in a rejection
    await service.local.idle();
    const forged = keyOf('invoked', 'scheduler.conf.csr');
    const { body } = wakeMessage(forged, { principal: 'AWS:AIDAMALLORY', eTag: 'x' });
    const Records = [record(QUEUE_NAMES['request queue'], body)];
    expect(await service.invoke('cakeless-sign', { Records })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    });
    await service.local.idle();
    expect(await service.outcome(forged)).toEqual({});
  });

  it('with a well-formed event of S3 queues nothing', async () => {
    const forged = keyOf('reported', 'scheduler.conf.csr');
    const event = {
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: 'AWS:AIDAMALLORY' },
      s3: { bucket: { name: LOCAL_BUCKETS.exchange }, object: { key: forged, eTag: 'x' } },
    };
    const Records = [record(QUEUE_NAMES['upload queue'], JSON.stringify({ Records: [event] }))];
    expect(await service.invoke('cakeless-triage', { Records })).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    });
    await service.local.idle();
    expect(await service.outcome(forged)).toEqual({});
  });
});

it('only a message that cannot be parsed becomes a dead letter', async () => {
  const before = service.local.deadLetters();
  await service.sendMessage('{"Records": "of something else"}');
  await service.local.idle();
  const bodies = service.local.deadLetters().map(({ body }) => body);
  expect(before).toEqual([]);
  expect(bodies).toEqual(['{"Records": "of something else"}']);
});
