/** `cakeless local` is killed at many moments, and each request still has exactly one outcome. */

import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { LOCAL_BUCKETS } from '../../client/local-service.ts';
import { wakeMessage } from '../../functions/wake-message.ts';
import { S3ObjectStore } from '../../lib/aws/s3-object-store.ts';
import { SqsRequestQueue } from '../../lib/aws/sqs-request-queue.ts';
import { FIRST_CURSOR, findUnfinished } from '../../lib/reconcile/find-unfinished.ts';
import type { Service } from '../../lib/service.ts';
import { parseTrustDomainRules } from '../../lib/trust-domain-rules.ts';
import { QUEUE_NAMES } from '../../local/queue-names.ts';
import { kubeadmSet } from '../support/kubeadm-sets.ts';
import { upload } from '../support/running-service.ts';
import { cakeless } from '../support/running-service-command.ts';
import {
  type Environment,
  type ServiceProcess,
  startServiceProcess,
} from '../support/running-service-process.ts';
import { until } from '../support/until.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const NODE = 'cp-1.prod.example.com';
/** A set produces about four files for each request. The service is killed at every third of them. */
const MOMENTS = Array.from({ length: 16 }, (_, i) => 1 + 3 * i);
const MOMENT_TIMEOUT_MS = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'cakeless-kill-'));
const data = join(folder, 'data');

let running: ServiceProcess | undefined;
/** Every process of the service. */
const processes: ServiceProcess[] = [];

afterAll(async () => {
  await running?.stop('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const settingsOf = (environment: Environment) => ({
  endpoint: environment.AWS_ENDPOINT_URL ?? '',
  region: environment.AWS_REGION ?? '',
  credentials: {
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
  },
  maxAttempts: 1,
});
const clientOf = (environment: Environment) => new S3Client(settingsOf(environment));

/** Completely written object files in all buckets. */
function countObjectFiles(): number {
  return readdirSync(join(data, 's3'), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.tmp'),
  ).length;
}

const queuesAreEmpty = () =>
  Object.values(QUEUE_NAMES).every((name) => readdirSync(join(data, 'queues', name)).length === 0);

/** Waits for this number of object files, or until nothing is in progress. */
async function untilObjectFiles(wanted: number, uploads: { done: boolean }): Promise<void> {
  const giveUp = Date.now() + MOMENT_TIMEOUT_MS;
  while (countObjectFiles() < wanted && Date.now() < giveUp) {
    if (uploads.done && queuesAreEmpty()) return;
    await setImmediate();
  }
}

/** Uploads the whole set in parallel. What a killed service did not store has to be uploaded again. */
async function uploadAll(environment: Environment, request: string): Promise<void> {
  const s3 = clientOf(environment);
  const uploads = set.csrs.map(({ path, file }) =>
    upload(s3, `requests/prod/${NODE}/${request}/${path}`, file).catch((error: Error) => {
      if (error.name !== 'PreconditionFailed') throw error;
    }),
  );
  await Promise.allSettled(uploads);
  s3.destroy();
}

async function start(): Promise<ServiceProcess> {
  running = await startServiceProcess(folder, undefined, 'ERROR');
  processes.push(running);
  return running;
}

async function setUp(service: ServiceProcess): Promise<void> {
  await cakeless(service.environment, 'trust-domain', 'create', 'fleet');
  const config = ['--kubeadm-config', join(set.dir, 'config.yaml'), '--trust-domain', 'fleet'];
  expect(
    (await cakeless(service.environment, 'cluster', 'apply', 'prod', ...config)).exitCode,
  ).toBe(0);
}

it('every request has one outcome and one serial number, after sixteen kills', async () => {
  let service = await start();
  await setUp(service);
  for (const moment of MOMENTS) {
    const state = { done: false };
    const wanted = countObjectFiles() + moment;
    const uploads = uploadAll(service.as(`node:prod/${NODE}`), `r${moment}`).then(() => {
      state.done = true;
    });
    await untilObjectFiles(wanted, state);
    await service.stop('SIGKILL');
    await uploads;
    service = await start();
  }
  for (const moment of MOMENTS) await uploadAll(service.as(`node:prod/${NODE}`), `r${moment}`);
  await reconcile(service.environment);
  for (const moment of MOMENTS) await expectOutcomes(service.environment, `r${moment}`);
  await expectOneOfEach(service.environment);
  expect(permanentFaults()).toEqual([]);
}, 600_000); // a busy machine takes minutes

/**
 * The stand-in writes an object, then queues its event. If it is killed before it queues the event, the event is lost. The reconcile
 * function finds such requests after some minutes; this does the same without the wait.
 */
async function reconcile(environment: Environment): Promise<void> {
  const { endpoint, region, credentials } = settingsOf(environment);
  const s3 = clientOf(environment);
  const service: Service = {
    exchange: new S3ObjectStore(s3, LOCAL_BUCKETS.exchange),
    authority: new S3ObjectStore(s3, LOCAL_BUCKETS.authority),
    keys: { sign: () => Promise.reject(new Error('nothing is signed here')) },
    rules: parseTrustDomainRules(undefined),
    now: () => new Date(),
    randomBytes,
  };
  const sqs = new SQSClient({ endpoint, region, credentials });
  const queue = new SqsRequestQueue(
    sqs,
    `${endpoint}/000000000000/${QUEUE_NAMES['request queue']}`,
  );
  // a run wakes some requests of a node only
  for (let run = 0; run < 20; run += 1) {
    const { toWake } = await findUnfinished(service, {
      graceMs: 0,
      recordsMs: 0,
      cursor: FIRST_CURSOR,
      daily: false,
    });
    if (toWake.length === 0) break;
    await queue.send(toWake.map(({ key }) => wakeMessage(key)));
    await until('empty queues', async () => queuesAreEmpty() || undefined, 120_000);
  }
  s3.destroy();
  sqs.destroy();
}

/**
 * What a function logs as an error is a permanent fault, a bug: temporary ones, such as a call that times out on a busy
 * machine, are warnings. Dead letters prove less: a message is one after five attempts, and each kill and each
 * temporary fault ends one. With so many kills there may be some, and what they were about has an outcome anyway.
 */
const permanentFaults = (): string[] =>
  processes.flatMap((one) => one.errors().split('\n')).filter((line) => line !== '');

/** The node's command waits for the outcomes, and checks every certificate. */
async function expectOutcomes(environment: Environment, request: string): Promise<void> {
  const place = ['--cluster', 'prod', '--node', NODE, '--request', request];
  const run = await cakeless(
    environment,
    'fetch',
    ...place,
    '--out',
    join(folder, request),
    '-o',
    'json',
  );
  const outcomes: { path: string; outcome: string }[] = JSON.parse(run.stdout);
  const waits = outcomes.filter(({ outcome }) => outcome !== 'issued');
  expect(outcomes).toHaveLength(set.csrs.length);
  expect(waits).toMatchObject([{ path: 'super-admin.conf', outcome: 'pending' }]);
}

async function expectOneOfEach(environment: Environment): Promise<void> {
  const s3 = clientOf(environment);
  const exchange = new S3ObjectStore(s3, LOCAL_BUCKETS.exchange);
  const authority = new S3ObjectStore(s3, LOCAL_BUCKETS.authority);
  const issued = (set.csrs.length - 1) * MOMENTS.length;
  const serials = new Set<string>();
  const outcomes = await keysOf(exchange, 'certificates/');
  for (const key of outcomes.filter((name) => name.endsWith('.crt'))) {
    const pem = await textOf(exchange, key);
    const ledgerKey = key.replace(/^certificates\/(.*)\.crt$/, 'records/$1.csr');
    const record = JSON.parse(await textOf(authority, `${ledgerKey}.json`));
    serials.add(new X509Certificate(pem).serialNumber.toLowerCase());
    expect(serials).toContain(record.certificate.serialNumber);
    expect(await textOf(authority, `${ledgerKey}.crt`)).toBe(pem);
  }
  s3.destroy();
  expect(outcomes).toHaveLength(issued + MOMENTS.length);
  expect(serials.size).toBe(issued);
}

async function keysOf(store: S3ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function textOf(store: S3ObjectStore, key: string): Promise<string> {
  const object = await store.get(key, 1024 * 1024);
  return Buffer.from(object?.body ?? '').toString('utf8');
}
