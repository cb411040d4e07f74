/** The implementations of AWS that the contract runs on; the contract itself knows none of them. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalFunction, startLocal } from '../../local/server.ts';

export interface ContractEndpoint {
  /** Region, endpoint and credentials, as every SDK client takes them. */
  readonly client: {
    endpoint: string;
    region: string;
    credentials: { accessKeyId: string; secretAccessKey: string };
    requestHandler?: { httpsAgent: Agent };
  };
  readonly queueName: string;
  readonly functionName: string;
  close(): Promise<void>;
}

/** The function of the contract: returns its event, or throws if the event says so. */
const echo: LocalFunction = async (event) => {
  const { fail } = event as { fail?: string };
  if (fail !== undefined) throw new RangeError(fail);
  return { echo: event };
};

/** One that is already running, if CAKELESS_CONTRACT_ENDPOINT and the usual AWS_* variables name it; else `local/`. */
export const chosenEndpoint = async (): Promise<ContractEndpoint> =>
  namedEndpoint(process.env) ?? localEndpoint();

function namedEndpoint(env: NodeJS.ProcessEnv): ContractEndpoint | undefined {
  const endpoint = env.CAKELESS_CONTRACT_ENDPOINT;
  if (endpoint === undefined) return undefined;
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

export async function localEndpoint(now: () => Date = () => new Date()): Promise<ContractEndpoint> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cakeless-contract-'));
  const local = await startLocal({
    dataDir,
    buckets: { exchange: 'exchange', authority: 'authority' },
    functions: { 'contract-echo': echo, sink: async () => undefined },
    queues: [{ name: 'contract', function: 'sink' }],
    notifications: [],
    now,
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

/** A bucket name that is not in use. */
export function freshBucketName(): string {
  return `contract-${randomUUID()}`;
}
