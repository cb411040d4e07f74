import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalFunction, startLocal } from '../../local/server.ts';

/** What a contract test runs against, and nothing that is particular to one implementation. */
export interface ContractEndpoint {
  /** Region, endpoint and credentials, as every SDK client takes them. */
  readonly client: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
  };
  readonly queueName: string;
  readonly functionName: string;
  close(): Promise<void>;
}

/** What the function of the contract does: it answers with its event, or throws if the event asks for it. */
const echo: LocalFunction = async (event) => {
  const { fail } = event as { fail?: string };
  if (fail !== undefined) throw new RangeError(fail);
  return { echo: event };
};

/**
 * CAKELESS_CONTRACT_ENDPOINT and the usual AWS_* variables name another implementation; without them our own
 * is started on a temporary folder.
 */
export async function contractEndpoint(): Promise<ContractEndpoint> {
  const { env } = process;
  const endpoint = env.CAKELESS_CONTRACT_ENDPOINT;
  if (endpoint !== undefined) {
    const credentials = {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? 'test',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? 'test',
    };
    return {
      client: { endpoint, region: env.AWS_REGION ?? 'eu-central-1', credentials },
      queueName: env.CAKELESS_CONTRACT_QUEUE ?? 'contract',
      functionName: env.CAKELESS_CONTRACT_FUNCTION ?? 'contract-echo',
      close: async () => undefined,
    };
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'cakeless-contract-'));
  const local = await startLocal({
    dataDir,
    buckets: { exchange: 'exchange', authority: 'authority' },
    functions: { 'contract-echo': echo, sink: async () => undefined },
    queue: { name: 'contract', function: 'sink' },
    notifications: [],
  });
  return {
    client: { endpoint: local.url, region: local.region, credentials: local.administrator },
    queueName: 'contract',
    functionName: 'contract-echo',
    async close() {
      await local.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** A bucket name that nobody else has. */
export function freshBucketName(): string {
  return `contract-${randomUUID()}`;
}
