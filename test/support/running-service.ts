/** The whole service in this process, on a temporary folder, with clients of every principal. One for each test file. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { LOCAL_BUCKETS, startService } from '../../client/local-service.ts';
import { buildRecord } from '../../client/operator/cluster-record.ts';
import { readDeclaredCluster } from '../../client/operator/declared-cluster.ts';
import { S3ObjectStore } from '../../lib/aws/s3-object-store.ts';
import { outcomeKeys, parseRequestKey } from '../../lib/contract/request-key.ts';
import type { RunningLocal } from '../../local/local-options.ts';
import { QUEUE_NAMES } from '../../local/queue-names.ts';
import { systemTimers, type Timers } from '../../local/surroundings.ts';
import type { KubeadmSet } from './kubeadm-sets.ts';
import { changeEnvironment } from './restored.ts';

export const temporaryFolder = (): Promise<string> =>
  mkdtemp(join(tmpdir(), 'cakeless-running-service-'));

/** More than any object of a test. */
const MAX_BYTES = 1024 * 1024;

/** The longest pause between two attempts at a message is half a minute; schedules are longer, and stay as they are. */
const withoutRetryDelays: Timers = {
  ...systemTimers,
  setTimeout: (callback, ms) => systemTimers.setTimeout(callback, ms < 60_000 ? 1 : ms),
};

export class RunningService {
  readonly local: RunningLocal;
  readonly dataDir: string;
  readonly #clients: { destroy(): void }[] = [];
  readonly #restoreEnvironment: () => void;

  private constructor(local: RunningLocal, dataDir: string, restoreEnvironment: () => void) {
    this.local = local;
    this.dataDir = dataDir;
    this.#restoreEnvironment = restoreEnvironment;
  }

  /** Failed messages come back at once, so that a test of dead letters does not take half a minute. */
  static async start(
    dataDir?: string,
    timers: Timers = withoutRetryDelays,
  ): Promise<RunningService> {
    const folder = dataDir ?? (await temporaryFolder());
    const restore = changeEnvironment({ POWERTOOLS_LOG_LEVEL: 'SILENT' });
    try {
      const local = await startService({ dataDir: folder, port: 0, timers });
      return new RunningService(local, folder, restore);
    } catch (error) {
      restore();
      throw error;
    }
  }

  /** Restores the environment, too: the functions of the service share it with this process. */
  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.local.close();
    this.#restoreEnvironment();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Settings of an SDK client with the credentials of a principal. */
  settings(principal = 'administrator') {
    const credentials = this.local.principals().find(({ name }) => name === principal);
    if (!credentials) throw new Error(`no principal ${principal}`);
    return { endpoint: this.local.url, region: this.local.region, credentials, maxAttempts: 1 };
  }

  /** `aws:userid` of a principal. */
  userid(name: string): string {
    const principal = this.local.principals().find((one) => one.name === name);
    if (!principal) throw new Error(`no principal ${name}`);
    return principal.principalId;
  }

  keep<T extends { destroy(): void }>(client: T): T {
    this.#clients.push(client);
    return client;
  }

  s3(principal?: string): S3Client {
    return this.keep(new S3Client(this.settings(principal)));
  }

  store(bucket: keyof typeof LOCAL_BUCKETS, principal?: string): S3ObjectStore {
    return new S3ObjectStore(this.s3(principal), LOCAL_BUCKETS[bucket]);
  }

  async text(bucket: keyof typeof LOCAL_BUCKETS, key: string): Promise<string | undefined> {
    const object = await this.store(bucket).get(key, MAX_BYTES);
    return object && Buffer.from(object.body).toString('utf8');
  }

  async keys(bucket: keyof typeof LOCAL_BUCKETS, prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.store(bucket).list(prefix)) keys.push(key);
    return keys;
  }

  async invoke(FunctionName: string, payload: unknown): Promise<unknown> {
    const lambda = this.keep(new LambdaClient(this.settings()));
    const response = await lambda.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }),
    );
    const text = Buffer.from(response.Payload ?? '').toString('utf8');
    if (response.FunctionError) throw new Error(text);
    return JSON.parse(text);
  }

  /** @param queue by default the one that sign reads */
  sendMessage(MessageBody: string, queue: string = QUEUE_NAMES['request queue']): Promise<unknown> {
    const sqs = this.keep(new SQSClient(this.settings()));
    return sqs.send(new SendMessageCommand({ QueueUrl: this.local.queueUrl(queue), MessageBody }));
  }

  /** Writes the record that `cakeless cluster apply` builds from a set's configuration. */
  async declare(set: KubeadmSet, cluster: string, more: Record<string, unknown> = {}) {
    const config = readDeclaredCluster(set.configYaml ?? '', set.dir);
    const record = { ...buildRecord(cluster, 'fleet', config, [], undefined), ...more };
    await this.store('authority').put(
      `clusters/${cluster}.json`,
      JSON.stringify(record),
      'application/json',
    );
    return { cluster, node: config.node?.name ?? '' };
  }

  /** The outcome of a request, as the node reads it. */
  async outcome(key: string) {
    const address = parseRequestKey(key);
    if (!address) throw new Error(`${key} is not the key of a request`);
    const keys = outcomeKeys(address);
    const [certificate, rejected, pending] = await Promise.all(
      [keys.certificate, keys.rejected, keys.pending].map((k) => this.text('exchange', k)),
    );
    return {
      ...(certificate && { certificate }),
      ...(rejected && { rejected: JSON.parse(rejected) as Rejected }),
      ...(pending && {
        pending: JSON.parse(pending) as { readonly planDigest: string },
      }),
    };
  }
}

interface Rejected {
  readonly violations: readonly { code: string; field: string; got: string; fix: string }[];
}

/** Uploads a new object, as a node does. */
export function upload(s3: S3Client, Key: string, body: string | Uint8Array) {
  const Body = typeof body === 'string' && body.endsWith('.csr') ? readFileSync(body) : body;
  return s3.send(
    new PutObjectCommand({ Bucket: LOCAL_BUCKETS.exchange, Key, Body, IfNoneMatch: '*' }),
  );
}
