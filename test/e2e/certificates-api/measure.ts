/** How long a CSR takes, and what the forwarder needs. `npm run bench -- csr` prints it; no check depends on it. */
import { until } from '../../support/until.ts';
import type { Check } from '../harness/report.ts';
import { KubeClient } from '../traffic/kube-client.ts';
import { CSRS, type Csr } from './api.ts';
import type { Forwarder } from './forwarder.ts';
import { createCsr } from './make-csr.ts';
import { workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

const COUNT = 200;
const IDLE_MS = 60_000;
const FORWARDERS = [1, 3];

/** Far fewer than a forwarder can carry, so that none waits for another. */
const EVERY_MS = 250;

const steadily = (count: number) =>
  `from CSR created to certificate in status, ${COUNT} CSRs, ${1000 / EVERY_MS} a second, ${forwarders(count)}`;
const atOnce = (count: number) => `${COUNT} CSRs at once, ${forwarders(count)}`;
const forwarders = (count: number) => (count === 1 ? 'one forwarder' : `${count} forwarders`);
const IDLE = 'one forwarder, idle for a minute';

export const MEASURES = [IDLE, ...FORWARDERS.flatMap((count) => [steadily(count), atOnce(count)])];

export async function measure(check: Check, setting: Setting): Promise<void> {
  for (const count of FORWARDERS) {
    await setting.withForwarders(count, async (all) => {
      if (count === 1) await check(IDLE, () => idle(setting, all));
      await check(steadily(count), () => steady(setting, all, `steady-${count}`));
      await check(atOnce(count), () => burst(setting, all, `burst-${count}`));
    });
    await setting.api.deleteCsrs();
  }
}

async function idle(setting: Setting, all: readonly Forwarder[]): Promise<string> {
  const from = spent(setting);
  await new Promise((done) => setTimeout(done, IDLE_MS));
  return since(setting, from, all);
}

async function steady(setting: Setting, all: readonly Forwarder[], word: string): Promise<string> {
  const watch = new IssueWatch(setting);
  await watch.start();
  const from = spent(setting);
  const waiting: Promise<number>[] = [];
  let took: readonly number[] = [];
  try {
    for (let i = 1; i <= COUNT; i++) {
      const next = new Promise((done) => setTimeout(done, EVERY_MS));
      const { csr, sentAt } = await create(setting, workerNamed(`${word}-${i}`));
      waiting.push(watch.issuedAt(csr.metadata.uid).then((at) => at - sentAt));
      await next;
    }
    took = await Promise.all(waiting);
  } finally {
    await watch.stop();
  }
  const text = [0.5, 0.95, 1].map((part) => `${quantile(took, part).toFixed(0)} ms`);
  return `median ${text[0]}, p95 ${text[1]}, longest ${text[2]}; ${since(setting, from, all)}`;
}

/** By a bootstrap token; kube-controller-manager approves it. */
async function create(setting: Setting, node: string) {
  const api = setting.bootstrapApi();
  try {
    const subject = `/O=system:nodes/CN=system:node:${node}`;
    return await createCsr(api, setting.folder, { signer: 'client', subject });
  } finally {
    api.close();
  }
}

async function burst(setting: Setting, all: readonly Forwarder[], word: string): Promise<string> {
  const from = spent(setting);
  const started = performance.now();
  await setting.invent(workerNamed(`${word}-%d`), COUNT);
  await until('all certificates', async () => {
    const csrs = await setting.api.csrs({ username: setting.bootstrapUser });
    return csrs.every(({ status }) => status.certificate) || undefined;
  });
  const seconds = (performance.now() - started) / 1000;
  return `all issued in ${seconds.toFixed(1)} s; ${since(setting, from, all)}`;
}

const spent = (setting: Setting) => ({
  calls: setting.exchange.calls.length,
  requests: setting.requests(),
});

function since(
  setting: Setting,
  from: ReturnType<typeof spent>,
  all: readonly Forwarder[],
): string {
  const now = spent(setting);
  const memory = all.map((forwarder) => forwarder.memory().most);
  return [
    `${now.calls - from.calls} calls of S3`,
    `${now.requests - from.requests} requests to the API server`,
    `${Math.max(...memory)} MB`,
  ].join(', ');
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}

/** Notes when a certificate can be seen in the status, as a client that watches sees it. */
class IssueWatch {
  readonly #client: KubeClient;
  readonly #setting: Setting;
  readonly #seen = new Map<string, number>();
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#client = new KubeClient(setting.endpoint);
  }

  async start(): Promise<void> {
    const { metadata } = await this.#setting.api.ask<{ metadata: { resourceVersion: string } }>(
      'GET',
      CSRS,
    );
    const query = `watch=true&resourceVersion=${metadata.resourceVersion}`;
    this.#running = this.#read(`${CSRS}?${query}`).catch(() => undefined);
  }

  async #read(path: string): Promise<void> {
    for await (const line of this.#client.lines(path, this.#stop.signal)) {
      const { object }: { object: Csr } = JSON.parse(line);
      const { uid } = object.metadata;
      if (object.status.certificate && !this.#seen.has(uid)) this.#seen.set(uid, performance.now());
    }
  }

  issuedAt(uid: string): Promise<number> {
    return until(`certificate of ${uid}`, () => this.#seen.get(uid));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#client.close();
  }
}
