/**
 * A flood of one node and the requests of others: simulated time, at the deployed concurrency, with latencies above those
 * that AWS documents. Triage is the real one; sign is modeled by the calls that the real one makes.
 */
import { readFileSync } from 'node:fs';
import { EVENT_SOURCES } from '../../functions/event-sources.ts';
import { newReporter } from '../../functions/report.ts';
import { newTriageHandler } from '../../functions/triage-handler.ts';
import type { OutgoingMessage } from '../../functions/wake-message.ts';
import { InMemoryService } from '../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../support/kubeadm-sets.ts';
import type { Random } from '../support/random.ts';
import { changeEnvironment } from '../support/restored.ts';
import { lambdaContext, OwnMessages } from '../support/running-service-lambda.ts';

const VICTIMS = 60;
const REQUESTS_OF_NODE = 12;
export const MINUTE_MS = 60_000;

/** What one node can upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html */
const UPLOADS_PER_SECOND = 3500;
/** "roughly 100–200 milliseconds" for small objects, on the same page; most calls of sign are made at the same time. */
const CALL_MS = 100;
/** SQS responds in tens of milliseconds. */
const SQS_MS = 50;
/** A warm start; all runs of a flood but the first are warm. */
const INVOKE_MS = 50;
/** One call of a poller returns ten messages. */
const RECEIVED_AT_ONCE = 10;
/**
 * When a group is noisy: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
 * The page does not say how soon SQS notices.
 */
const NOISY = { shareInFlight: 0.1, leastInFlight: 30, noticedAfterMs: 10_000 };

interface Request {
  readonly key: string;
  readonly uploadedAt: number;
  readonly isFlood: boolean;
}

interface Waiting {
  readonly request: Request;
  readonly group: string;
}

/** A fair queue, as the documentation describes it; before it notices a noisy group, the oldest message is first. */
class FairQueue {
  readonly #byGroup = new Map<string, Waiting[]>();
  readonly #inFlight = new Map<string, number>();
  readonly #noisySince = new Map<string, number>();
  #totalInFlight = 0;
  length = 0;

  send(waiting: Waiting): void {
    const known = this.#byGroup.get(waiting.group) ?? [];
    this.#byGroup.set(waiting.group, known);
    known.push(waiting);
    this.length += 1;
  }

  receive(most: number, now: number): Waiting[] {
    const taken: Waiting[] = [];
    while (taken.length < most && this.length > 0) {
      const group = this.#next(now);
      const message = group === undefined ? undefined : this.#byGroup.get(group)?.shift();
      if (!message) break;
      if (this.#byGroup.get(message.group)?.length === 0) this.#byGroup.delete(message.group);
      this.length -= 1;
      this.#count(message.group, 1);
      taken.push(message);
    }
    this.#notice(now);
    return taken;
  }

  done(messages: readonly Waiting[], now: number): void {
    for (const { group } of messages) this.#count(group, -1);
    this.#notice(now);
  }

  #next(now: number): string | undefined {
    let best: { group: string; noisy: boolean; at: number } | undefined;
    for (const [group, [first]] of this.#byGroup) {
      if (!first) continue;
      const since = this.#noisySince.get(group);
      const noisy = since !== undefined && now - since >= NOISY.noticedAfterMs;
      const at = first.request.uploadedAt;
      const isBetter =
        best === undefined || (noisy === best.noisy ? at < best.at : best.noisy && !noisy);
      if (isBetter) best = { group, noisy, at };
    }
    return best?.group;
  }

  #count(group: string, by: number): void {
    this.#inFlight.set(group, (this.#inFlight.get(group) ?? 0) + by);
    this.#totalInFlight += by;
  }

  #notice(now: number): void {
    for (const [group, count] of this.#inFlight) {
      const isNoisy =
        count >= NOISY.leastInFlight && count > NOISY.shareInFlight * this.#totalInFlight;
      if (isNoisy && !this.#noisySince.has(group)) this.#noisySince.set(group, now);
    }
  }
}

/** How many calls the real sign makes for a request, one after the other at worst. */
async function callsOfSign(): Promise<{ issued: number; refused: number }> {
  const memory = await InMemoryService.open();
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const { node } = memory.declare(set, { limits: { nodeCertificatesPerDay: 1 } });
  const csr = csrOf(set, 'apiserver');
  const counted = async (id: string) => {
    const key = `requests/prod/${node}/${id}/${csr.path}`;
    memory.exchange.seed(key, readFileSync(csr.file));
    const before = memory.exchange.calls.length + memory.authority.calls.length;
    const { outcome } = await memory.process(key);
    const made = memory.exchange.calls.length + memory.authority.calls.length - before;
    return { outcome, made };
  };
  const [issued, refused] = [await counted('r1'), await counted('r2')];
  expect([issued.outcome, refused.outcome]).toEqual(['issued', 'rejected']);
  return { issued: issued.made + 1, refused: refused.made }; // and KMS
}

interface Run<T> {
  readonly doneAt: number;
  readonly batch: readonly T[];
}

class Simulation {
  readonly #requests: readonly Request[];
  readonly #signMs: (request: Request) => number;
  readonly #uploads: Request[] = [];
  readonly #queue = new FairQueue();
  readonly #triageRuns: Run<Request>[] = [];
  readonly #signRuns: Run<Waiting>[] = [];
  readonly #messages = new OwnMessages();
  readonly #reporter = newReporter('triage');
  #arrived = 0;
  readonly delays: number[] = [];

  constructor(requests: readonly Request[], signMs: (request: Request) => number) {
    this.#requests = requests;
    this.#signMs = signMs;
  }

  /** Until every request of the other nodes has its outcome. */
  async run(stepMs = 25): Promise<void> {
    const victims = this.#requests.filter(({ isFlood }) => !isFlood).length;
    for (let now = 0; this.delays.length < victims; now += stepMs) {
      if (now > 20 * MINUTE_MS) throw new Error('not finished within twenty minutes');
      this.#arrive(now);
      for (const { batch } of finished(this.#triageRuns, now)) await this.#pass(batch);
      for (const { batch } of finished(this.#signRuns, now)) this.#finish(batch, now);
      this.#startTriage(now);
      this.#startSign(now);
    }
  }

  #arrive(now: number): void {
    for (;;) {
      const next = this.#requests[this.#arrived];
      if (!next || next.uploadedAt > now) return;
      this.#uploads.push(next);
      this.#arrived += 1;
    }
  }

  #startTriage(now: number): void {
    const { batchSize, maxConcurrency } = EVENT_SOURCES.triage;
    while (this.#triageRuns.length < maxConcurrency && this.#uploads.length > 0) {
      const batch = this.#uploads.splice(0, batchSize);
      const receiveMs = SQS_MS * Math.ceil(batch.length / RECEIVED_AT_ONCE);
      // it proves that the messages are its own, and sends
      this.#triageRuns.push({ batch, doneAt: now + receiveMs + INVOKE_MS + 2 * SQS_MS });
    }
  }

  /** The real triage: its messages say which group each request is in. */
  async #pass(batch: readonly Request[]): Promise<void> {
    const bodies = batch.map(({ key }) =>
      JSON.stringify({
        Records: [
          {
            eventSource: 'aws:s3',
            eventName: 'ObjectCreated:Put',
            userIdentity: { principalId: 'AWS:AROAEXAMPLE:i-0abc' },
            s3: { bucket: { name: 'exchange' }, object: { key, eTag: 'e' } },
          },
        ],
      }),
    );
    const sent: OutgoingMessage[] = [];
    const queue = {
      trySend: async (messages: readonly OutgoingMessage[]) => {
        sent.push(...messages);
        return messages.map(() => true);
      },
    };
    const buckets = { exchange: 'exchange', authority: 'authority' };
    const handler = newTriageHandler(this.#messages, queue, buckets, this.#reporter);
    await handler(this.#messages.deliver(...bodies), lambdaContext);
    this.#messages.finish();
    for (const [i, request] of batch.entries())
      this.#queue.send({ request, group: sent[i]?.group ?? '' });
  }

  #startSign(now: number): void {
    const { batchSize, maxConcurrency } = EVENT_SOURCES.sign;
    while (this.#signRuns.length < maxConcurrency) {
      const batch = this.#queue.receive(batchSize, now);
      if (batch.length === 0) return;
      const slowest = Math.max(...batch.map(({ request }) => this.#signMs(request)));
      this.#signRuns.push({ batch, doneAt: now + SQS_MS + INVOKE_MS + SQS_MS + slowest });
    }
  }

  #finish(batch: readonly Waiting[], now: number): void {
    this.#queue.done(batch, now);
    for (const { request } of batch)
      if (!request.isFlood) this.delays.push(now - request.uploadedAt);
  }
}

/** Removes and returns the runs that have ended. */
function finished<T>(runs: Run<T>[], now: number): Run<T>[] {
  const ended = runs.filter(({ doneAt }) => doneAt <= now);
  for (const run of ended) runs.splice(runs.indexOf(run), 1);
  return ended;
}

/** Requests of other nodes, at any time while the flood arrives and for a minute after. */
export function otherNodes(random: Random, flood: number): Request[] {
  return Array.from({ length: VICTIMS }, (_, n) => {
    const uploadedAt = random.below((1000 * flood) / UPLOADS_PER_SECOND + MINUTE_MS);
    return Array.from({ length: REQUESTS_OF_NODE }, (_, i) => ({
      key: `requests/c${n % 10}/n${n}/r1/x${i}.csr`,
      uploadedAt,
      isFlood: false,
    }));
  }).flat();
}

export const floodOf = (count: number): Request[] =>
  Array.from({ length: count }, (_, i) => ({
    key: `requests/c0/mallory/r${i}/admin.conf.csr`,
    uploadedAt: Math.floor((1000 * i) / UPLOADS_PER_SECOND),
    isFlood: true,
  }));

export async function simulate(requests: readonly Request[]): Promise<number> {
  const restore = changeEnvironment({
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
  try {
    const { issued, refused } = await callsOfSign();
    const inOrder = [...requests].sort((a, b) => a.uploadedAt - b.uploadedAt);
    const signMs = ({ isFlood }: Request) =>
      CALL_MS * (isFlood ? Math.max(issued, refused) : issued);
    const simulation = new Simulation(inOrder, signMs);
    await simulation.run();
    return Math.max(...simulation.delays);
  } finally {
    restore();
  }
}
