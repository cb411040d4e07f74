/**
 * The service as AWS runs it, in memory: two queues that deliver at least once, functions that run at the same time in
 * separate processes, and calls that fail before or after their effect, are throttled or repeated, or at which the
 * process is killed. A seed determines everything.
 */
import { createHash } from 'node:crypto';
import type { OwnQueue } from '../../functions/own-queue.ts';
import { newReconcileHandler } from '../../functions/reconcile-handler.ts';
import { newReporter } from '../../functions/report.ts';
import { newSignHandler } from '../../functions/sign-handler.ts';
import { newTriageHandler } from '../../functions/triage-handler.ts';
import type { OutgoingMessage } from '../../functions/wake-message.ts';
import { Fault } from '../../lib/fault.ts';
import type { Service } from '../../lib/service.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import type { InMemoryService } from './in-memory-service.ts';
import type { MemoryStore } from './memory-store.ts';
import type { Random } from './random.ts';
import { GATE } from './real-gate.ts';
import { lambdaContext } from './running-service-lambda.ts';

const FAULTS = ['before', 'after', 'throttle', 'repeat', 'kill before', 'kill after'] as const;

class Killed extends Error {}

/** One run of a function. After it was killed, it does nothing more. */
class Process {
  readonly #world: FaultyWorld;
  killed = false;

  constructor(world: FaultyWorld) {
    this.#world = world;
  }

  async call<T>(action: () => Promise<T>): Promise<T> {
    const fault = this.#world.nextFault();
    this.#dieIf(this.killed || fault === 'kill before');
    if (fault === 'before') throw new Fault('unavailable', 'failed on purpose');
    if (fault === 'throttle') throw new Fault('unavailable', 'throttled on purpose');
    if (fault === 'repeat') await action(); // the SDK repeats a call whose response was lost
    const result = await action();
    this.#dieIf(this.killed || fault === 'kill after');
    if (fault === 'after') throw new Fault('unavailable', 'failed on purpose, after the effect');
    return result;
  }

  store(of: MemoryStore): ObjectStore {
    const process = this;
    return {
      get: (key, maxBytes) => this.call(() => of.get(key, maxBytes)),
      getIfChanged: (...args) => this.call(() => of.getIfChanged(...args)),
      create: (...args) => this.call(() => of.create(...args)),
      replace: (...args) => this.call(() => of.replace(...args)),
      put: (key, body) => this.call(() => of.put(key, body)),
      remove: (key) => this.call(() => of.remove(key)),
      async *list(prefix, after) {
        await process.call(async () => undefined);
        yield* of.list(prefix, after);
      },
    };
  }

  service({ world: memory }: { readonly world: InMemoryService }): Service {
    const { service } = memory;
    return {
      ...service,
      exchange: this.store(memory.exchange),
      authority: this.store(memory.authority),
      keys: { sign: (...args) => this.call(() => this.#world.sign(...args)) },
    };
  }

  #dieIf(condition: boolean): void {
    if (!condition) return;
    this.killed = true;
    throw new Killed('killed on purpose');
  }
}

interface QueuedMessage {
  readonly id: string;
  readonly body: string;
  receives: number;
  readonly handles: Set<string>;
}

const MAX_RECEIVES = 5;

/** A standard queue: any order, at least once. What a run does not report as done becomes visible again. */
class FaultyQueue {
  readonly arn: string;
  readonly #world: FaultyWorld;
  readonly #visible: QueuedMessage[] = [];
  #sent = 0;
  inFlight = 0;
  deadLetters = 0;

  constructor(world: FaultyWorld, name: string) {
    this.#world = world;
    this.arn = `arn:aws:sqs:eu-central-1:111122223333:${name}`;
  }

  get length(): number {
    return this.#visible.length;
  }

  send(body: string): void {
    this.#sent += 1;
    this.#visible.push({ id: `m${this.#sent}`, body, receives: 0, handles: new Set() });
  }

  own(process: Process): OwnQueue {
    const { arn } = this;
    const known = new Set(this.#taken.flatMap(({ handles }) => [...handles]));
    return {
      arn,
      areInFlight: (handles) =>
        process.call(async () => handles.map((handle) => known.has(handle))),
    };
  }

  #taken: QueuedMessage[] = [];

  /** Delivers a batch to a run. */
  async deliver(
    run: (event: unknown) => Promise<{ batchItemFailures: { itemIdentifier: string }[] }>,
    process: Process,
  ) {
    const { random } = this.#world;
    const batch: QueuedMessage[] = [];
    while (batch.length < 10 && this.#visible.length > 0) {
      const [message] = this.#visible.splice(random.below(this.#visible.length), 1);
      if (!message) break;
      message.receives += 1;
      if (this.#world.isFaulty && random.chance(0.02))
        this.#visible.push({ ...message, handles: new Set() }); // delivered twice
      batch.push(message);
    }
    if (batch.length === 0) return;
    this.inFlight += batch.length;
    const records = batch.map((message) => {
      const receiptHandle = `${message.id}.${message.receives}.${random.below(1e9)}`;
      message.handles.add(receiptHandle);
      return { messageId: message.id, receiptHandle, body: message.body, eventSourceARN: this.arn };
    });
    this.#taken.push(...batch);
    const failed = await run({ Records: records })
      .then(({ batchItemFailures }) =>
        process.killed ? undefined : new Set(batchItemFailures.map((one) => one.itemIdentifier)),
      )
      .catch(() => undefined);
    this.inFlight -= batch.length;
    this.#taken = this.#taken.filter((message) => !batch.includes(message));
    for (const message of batch) {
      if (failed && !failed.has(message.id)) continue;
      if (message.receives < MAX_RECEIVES) this.#visible.push(message);
      else this.deadLetters += 1;
    }
  }
}

/** A use of a CA key. */
export interface SignCall {
  readonly record: string;
  readonly digest: string;
  /** Whether the record was in the ledger, with just these bytes, when the key was used. */
  readonly recorded: boolean;
}

export class FaultyWorld {
  readonly world: InMemoryService;
  readonly random: Random;
  readonly uploads: FaultyQueue;
  readonly requests: FaultyQueue;
  readonly signCalls: SignCall[] = [];
  isFaulty = true;

  constructor(world: InMemoryService, random: Random) {
    this.world = world;
    this.random = random;
    this.uploads = new FaultyQueue(this, 'uploads');
    this.requests = new FaultyQueue(this, 'requests');
  }

  nextFault(): (typeof FAULTS)[number] | undefined {
    return this.isFaulty && this.random.chance(0.02) ? this.random.pick(FAULTS) : undefined;
  }

  /** S3's event about an object: perhaps lost, perhaps sent twice. */
  notify(bucket: 'exchange' | 'authority', key: string, eTag: string): void {
    const times = !this.isFaulty || this.random.chance(0.96) ? 1 : 2 * this.random.below(2);
    const record = {
      eventSource: 'aws:s3',
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: 'AWS:AROAEXAMPLENODE:i-0abc' },
      s3: { bucket: { name: bucket }, object: { key: encodeURIComponent(key), eTag } },
    };
    for (let i = 0; i < times; i++) this.uploads.send(JSON.stringify({ Records: [record] }));
  }

  /** Uses a CA key, and looks from outside whether the ledger accounts for it. */
  async sign(...args: Parameters<Service['keys']['sign']>): Promise<Uint8Array> {
    const [, { hash }, digest, record] = args;
    const tbs = this.world.authority.json(record)?.tbs;
    const bytes = Buffer.from(String(tbs), 'base64');
    const recorded = createHash(hash).update(bytes).digest().equals(Buffer.from(digest));
    this.signCalls.push({ record, digest: Buffer.from(digest).toString('hex'), recorded });
    return this.world.keys.sign(...args);
  }

  /** Runs of both functions at the same time, and perhaps one of reconcile. */
  async turn(reconcile: 'no' | 'yes' | 'daily' = 'no'): Promise<void> {
    const runs = [
      ...Array.from({ length: 2 }, () => this.#triage()),
      ...Array.from({ length: 5 }, () => this.#sign()),
      ...(reconcile === 'no' ? [] : [this.#reconcile(reconcile === 'daily')]),
    ];
    await Promise.all(runs);
  }

  #triage(): Promise<void> {
    const process = new Process(this);
    const queue = {
      trySend: async (messages: readonly OutgoingMessage[]) => {
        const sent: boolean[] = [];
        for (const message of messages)
          sent.push(
            await process
              .call(async () => this.requests.send(message.body))
              .then(() => true)
              .catch((error: unknown) => {
                if (error instanceof Killed) throw error;
                return false;
              }),
          );
        return sent;
      },
    };
    const buckets = { exchange: 'exchange', authority: 'authority' };
    return this.uploads.deliver(
      (event) =>
        newTriageHandler(
          this.uploads.own(process),
          queue,
          buckets,
          newReporter('triage'),
        )(event, lambdaContext),
      process,
    );
  }

  #sign(): Promise<void> {
    const process = new Process(this);
    return this.requests.deliver(
      (event) =>
        newSignHandler(
          process.service(this),
          this.requests.own(process),
          newReporter('sign'),
        )(event, lambdaContext),
      process,
    );
  }

  async #reconcile(records: boolean): Promise<void> {
    const process = new Process(this);
    const queue = {
      send: async (messages: readonly OutgoingMessage[]) => {
        for (const { body } of messages) await process.call(async () => this.requests.send(body));
      },
    };
    const handler = newReconcileHandler(
      process.service(this),
      queue,
      GATE,
      newReporter('reconcile'),
    );
    await handler({ records }, lambdaContext).catch(() => undefined);
  }
}
