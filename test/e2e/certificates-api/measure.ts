/**
 * How long a CSR takes, and what the forwarders need, on three API servers, each with its forwarder. `npm run bench -- csr`
 * prints it.
 */
import { until } from '../../support/until.ts';
import type { Check } from '../harness/report.ts';
import { KubeClient } from '../traffic/kube-client.ts';
import { CSRS, type Csr } from './api.ts';
import type { Call } from './exchange-proxy.ts';
import type { Forwarder } from './forwarder.ts';
import { createCsr } from './make-csr.ts';
import { atOnce, EVERY_MS, FORWARDERS, IDLE_MS_PER_CSR, idleFor, steadily } from './measures.ts';
import { workerNamed } from './plan.ts';
import type { Setting } from './setting.ts';

export async function measure(check: Check, setting: Setting, csrs: number): Promise<void> {
  for (const count of FORWARDERS) {
    await setting.withForwarders(count, async (all) => {
      if (count === 1) await check(idleFor(csrs), () => idle(setting, all, csrs));
      const word = `m${count}`;
      await check(steadily(csrs, count), () => steady(setting, all, csrs, `${word}-steady`));
      await setting.api.deleteCsrs();
      await check(atOnce(csrs, count), () => burst(setting, all, csrs, `${word}-burst`));
    });
    await setting.api.deleteCsrs();
  }
}

async function idle(setting: Setting, all: readonly Forwarder[], csrs: number): Promise<string> {
  const from = spent(setting);
  await new Promise((done) => setTimeout(done, csrs * IDLE_MS_PER_CSR));
  const { calls, requests, signatures } = since(setting, from);
  const perHour = 3_600_000 / (csrs * IDLE_MS_PER_CSR);
  const [memory = 0] = all.map((forwarder) => forwarder.memory().now);
  const asked = `${requests} (${Math.round(requests * perHour)} an hour)`;
  return row([
    '',
    '',
    '',
    signatures,
    `${calls.length} (${calls.length * perHour} an hour)`,
    asked,
    `${memory} MB`,
  ]);
}

/** Each at the next API server; a watch of the first sees the certificates. */
async function steady(
  setting: Setting,
  all: readonly Forwarder[],
  csrs: number,
  word: string,
): Promise<string> {
  const watch = new IssueWatch(setting);
  await watch.start();
  const from = spent(setting);
  const waiting: Promise<number>[] = [];
  let took: readonly number[] = [];
  try {
    for (let i = 1; i <= csrs; i++) {
      const next = new Promise((done) => setTimeout(done, EVERY_MS));
      const { csr, sentAt } = await create(setting, i, workerNamed(`${word}-${i}`));
      waiting.push(watch.issuedAt(csr.metadata.uid).then((at) => at - sentAt));
      await next;
    }
    took = await Promise.all(waiting);
  } finally {
    await watch.stop();
  }
  const times = [0.5, 0.95, 1].map((part) => `${quantile(took, part).toFixed(0)} ms`);
  return row([...times, ...busy(setting, from, all, csrs)]);
}

/** By a bootstrap token; kube-controller-manager approves it. */
async function create(setting: Setting, number: number, node: string) {
  const api = setting.bootstrapApi(number);
  try {
    const subject = `/O=system:nodes/CN=system:node:${node}`;
    return await createCsr(api, setting.folder, { signer: 'client', subject });
  } finally {
    api.close();
  }
}

/** Until the last of them has its certificate. */
async function burst(
  setting: Setting,
  all: readonly Forwarder[],
  csrs: number,
  word: string,
): Promise<string> {
  const from = spent(setting);
  const started = performance.now();
  await setting.invent(workerNamed(`${word}-%d`), csrs);
  await until('all certificates', async () => {
    const seen = await setting.api.csrs({ username: setting.bootstrapUser });
    return seen.every(({ status }) => status.certificate) || undefined;
  });
  const longest = `${(performance.now() - started).toFixed(0)} ms`;
  return row(['', '', longest, ...busy(setting, from, all, csrs)]);
}

const row = (cells: readonly (string | number)[]) => cells.join(' | ');

interface Spent {
  readonly calls: readonly Call[];
  readonly requests: number;
  readonly signatures: number;
}

const spent = (setting: Setting): Spent => ({
  calls: [...setting.exchange.calls],
  requests: setting.requests(),
  signatures: setting.service.signatures(),
});

function since(setting: Setting, from: Spent): Spent {
  const now = spent(setting);
  return {
    calls: now.calls.slice(from.calls.length),
    requests: now.requests - from.requests,
    signatures: now.signatures - from.signatures,
  };
}

/** @throws Error unless KMS signed once for each CSR */
function busy(setting: Setting, from: Spent, all: readonly Forwarder[], csrs: number) {
  const { calls, requests, signatures } = since(setting, from);
  if (signatures !== csrs) throw new Error(`${signatures} signatures for ${csrs} CSRs`);
  const each = (count: number) => (count / csrs / all.length).toFixed(2);
  const kinds = (['PUT', 'LIST', 'GET'] as const).map(
    (kind) => `${each(calls.filter((call) => kindOf(call) === kind).length)} ${kind}`,
  );
  const memory = Math.max(...all.map((forwarder) => forwarder.memory().most));
  return [
    signatures,
    `${kinds.join(', ')} for each CSR`,
    `${each(requests)} for each CSR`,
    `${memory} MB at most`,
  ];
}

/** As AWS bills it. */
function kindOf({ method, path }: Call): string {
  return method === 'GET' && path.includes('list-type=2') ? 'LIST' : method;
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
