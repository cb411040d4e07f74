import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { LocalOptions } from '../../local/server.ts';
import { type Principal, type RunningLocal, startLocal } from '../../local/server.ts';

/** A clock that only the test advances. It starts at the current second, because SDK clients use the real time. */
export class Clock {
  #now = Math.floor(Date.now() / 1000) * 1000;
  readonly now = (): Date => new Date(this.#now);
  pass(ms: number): void {
    this.#now += ms;
  }
}

/** Timers that fire when the test says so, in the order of their delays. */
export class HandTimers {
  readonly #pending = new Map<number, { callback: () => void; delayMs: number }>();
  #lastId = 0;

  setTimeout(callback: () => void, delayMs: number): unknown {
    this.#lastId += 1;
    this.#pending.set(this.#lastId, { callback, delayMs });
    return this.#lastId;
  }

  clearTimeout(handle: unknown): void {
    this.#pending.delete(handle as number);
  }

  get delays(): number[] {
    return [...this.#pending.values()].map(({ delayMs }) => delayMs);
  }

  runAll(): void {
    const due = [...this.#pending.values()];
    this.#pending.clear();
    for (const { callback } of due.sort((a, b) => a.delayMs - b.delayMs)) callback();
  }
}

const opened: { local: RunningLocal; clients: S3Client[] }[] = [];
const folders: string[] = [];

/** A folder that `tidyUp` removes. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cakeless-local-'));
  folders.push(folder);
  return folder;
}

/** Starts a stand-in, by default with one function that does nothing. */
export async function start(options: Partial<LocalOptions> = {}): Promise<RunningLocal> {
  const local = await startLocal({
    dataDir: options.dataDir ?? (await temporaryFolder()),
    buckets: { exchange: 'exchange', authority: 'authority' },
    functions: { sign: async () => undefined },
    queues: [{ name: 'requests', function: 'sign' }],
    notifications: [{ bucket: 'exchange', prefix: 'requests/', queue: 'requests' }],
    ...options,
  });
  opened.push({ local, clients: [] });
  return local;
}

/** Closes what `start` started and removes the folders; for afterEach. */
export async function tidyUp(): Promise<void> {
  for (const { local, clients } of opened.splice(0)) {
    for (const client of clients) client.destroy();
    await local.close();
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

/** A principal by name. */
export function principalOf(local: RunningLocal, name: string): Principal {
  const found = local.principals().find((principal) => principal.name === name);
  if (found === undefined) throw new Error(`no principal ${name}`);
  return found;
}

/** An S3 client of a principal. */
export function s3As(local: RunningLocal, credentials: Principal = local.administrator): S3Client {
  const client = new S3Client({
    endpoint: local.url,
    region: local.region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  opened.find((entry) => entry.local === local)?.clients.push(client);
  return client;
}
