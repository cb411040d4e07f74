/** Runs of `sign` in every situation that it meets, with the calls that each made. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { newReporter } from '../../functions/report.ts';
import { newSignHandler } from '../../functions/sign-handler.ts';
import { wakeMessage } from '../../functions/wake-message.ts';
import { processRequest } from '../../lib/issuance/process-request.ts';
import type { Processed } from '../../lib/issuance/wake.ts';
import type { Service } from '../../lib/service.ts';
import { writeApproval } from './approve.ts';
import { CLUSTER, InMemoryService, UPLOADER } from './in-memory-service.ts';
import { csrOf, keyFile, kubeadmSet } from './kubeadm-sets.ts';
import { CallRecorder, type OutsideCall, type RecordedCall } from './recorded-calls.ts';
import { changeEnvironment } from './restored.ts';
import { lambdaContext, OwnMessages } from './running-service-lambda.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');

const DAY_MS = 24 * 60 * 60 * 1000;

export interface IssuanceRun {
  /** What became of each request. */
  readonly outcomes: readonly string[];
  readonly calls: readonly RecordedCall[];
  /** The longest chain of calls that waited for one another. */
  readonly roundTrips: number;
}

/** One process of the function: what it has read once, it knows. */
export class World {
  readonly memory: InMemoryService;
  readonly recorder: CallRecorder;
  readonly service: Service;
  readonly node: string;

  constructor(memory: InMemoryService, durationOf: DurationOf, more: Record<string, unknown>) {
    this.memory = memory;
    this.recorder = new CallRecorder(durationOf);
    this.node = memory.declare(set, more).node;
    this.service = this.recorder.service(memory.service);
  }

  upload(name = 'apiserver', requestId = 'r1'): string {
    return this.memory.upload(this.node, csrOf(set, name), requestId);
  }

  /** A node draws two at a time from the budget of its cluster at first, so one more needs no draw. */
  async warmUp(): Promise<this> {
    for (const id of ['w1', 'w2', 'w3']) await this.process(this.upload('scheduler.conf', id));
    return this;
  }

  process(key: string, uploader: string | undefined = UPLOADER): Promise<IssuanceRun> {
    return this.record(async () => [await processRequest(this.service, { key, uploader })]);
  }

  /** Runs until KMS is called, which fails. */
  async interrupt(key: string, uploader: string | undefined = UPLOADER): Promise<void> {
    this.memory.keys.interrupt = () => {
      throw new Error('killed');
    };
    await this.process(key, uploader).catch(() => undefined);
    this.memory.keys.interrupt = () => {};
  }

  async record(run: () => Promise<readonly Pick<Processed, 'outcome'>[]>): Promise<IssuanceRun> {
    this.recorder.calls = [];
    const { result, took } = await this.recorder.clock.run(run);
    const outcomes = result.map(({ outcome }) => outcome);
    return { outcomes, calls: this.recorder.calls, roundTrips: took };
  }

  /** A batch of messages, as Lambda delivers it. */
  async deliver(keys: readonly string[]): Promise<IssuanceRun> {
    const restore = changeEnvironment({
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
    });
    try {
      const messages = new OwnMessages();
      const queue = this.recorder.queue(messages);
      const handler = newSignHandler(this.service, queue, newReporter('sign'));
      const upload = (key: string) => {
        const { body } = this.memory.exchange.objects.get(key) ?? { body: '' };
        return { principal: UPLOADER, eTag: createHash('md5').update(body).digest('hex') };
      };
      const event = messages.deliver(...keys.map((key) => wakeMessage(key, upload(key)).body));
      const run = await this.record(async () => {
        await handler(event, lambdaContext);
        return [];
      });
      const outcomes = keys.map((key) =>
        this.memory.outcome(key).certificate === undefined ? 'not issued' : 'issued',
      );
      return { ...run, outcomes };
    } finally {
      restore();
    }
  }
}

/** How long a call takes. @default each takes one unit, so that a run takes as many as it makes round trips */
export type DurationOf = ((call: OutsideCall) => number) | undefined;

const open = async (durationOf: DurationOf, more: Record<string, unknown> = {}) =>
  new World(await InMemoryService.open(), durationOf, more);
export const openWarm = async (durationOf: DurationOf, more: Record<string, unknown> = {}) =>
  (await open(durationOf, more)).warmUp();

/** The names of a control-plane node's certificates that need no approval. */
const NAMES = set.csrs
  .map(({ certificateName }) => certificateName)
  .filter((name) => name !== 'super-admin.conf');

const batchOf = async (world: World, size: number) => {
  const keys = Array.from({ length: size }, (_, i) =>
    world.upload(NAMES[i % NAMES.length], `b${Math.floor(i / NAMES.length)}`),
  );
  return world.deliver(keys);
};

const pending = async (world: World) => {
  const key = world.upload('super-admin.conf');
  await world.process(key);
  return key;
};

export const ISSUANCE_RUNS = {
  'a fresh certificate, warm': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    return world.process(world.upload());
  },
  "a fresh certificate, warm, the node's first of the day": async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    world.memory.now = new Date(world.memory.now.getTime() + DAY_MS);
    return world.process(world.upload());
  },
  'a fresh certificate, cold': async (durationOf?: DurationOf) => {
    const world = await open(durationOf);
    return world.process(world.upload());
  },
  'a rejection, warm': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf, { controlPlaneEndpoint: 'other.example.com:6443' });
    return world.process(world.upload());
  },
  'a private key, warm': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    const key = `requests/${CLUSTER}/${world.node}/r1/pki/apiserver.key`;
    world.memory.exchange.seed(key, readFileSync(keyFile(set, csrOf(set, 'apiserver')) ?? ''));
    return world.process(key);
  },
  'over budget, warm': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf, { limits: { nodeCertificatesPerDay: 3 } });
    return world.process(world.upload());
  },
  'pending, warm': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    return world.process(world.upload('super-admin.conf'));
  },
  'approved, warm': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    const key = await pending(world);
    writeApproval(world.memory, key);
    return world.process(key, undefined);
  },
  'denied, warm': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    const key = await pending(world);
    writeApproval(world.memory, key, 'deny');
    return world.process(key, undefined);
  },
  'redelivered after everything': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    const key = world.upload();
    await world.process(key);
    return world.process(key);
  },
  'redelivered after a run that ended before the signature': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    const key = world.upload();
    await world.interrupt(key);
    return world.process(key);
  },
  'redelivered after an approved run that ended before the signature': async (
    durationOf?: DurationOf,
  ) => {
    const world = await openWarm(durationOf);
    const key = await pending(world);
    writeApproval(world.memory, key);
    await world.interrupt(key, undefined);
    return world.process(key);
  },
  'a record that does not fit': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    const key = world.upload();
    await world.interrupt(key);
    world.memory.exchange.objects.delete(key);
    return world.process(key);
  },
  'two runs at once': async (durationOf?: DurationOf) => {
    const world = await openWarm(durationOf);
    const key = world.upload();
    const run = () => processRequest(world.service, { key, uploader: UPLOADER });
    return world.record(() => Promise.all([run(), run()]));
  },
  'a batch of ten messages of one node, warm': async (durationOf?: DurationOf) =>
    batchOf(await openWarm(durationOf), 10),
  'a batch of ten messages of one node, cold': async (durationOf?: DurationOf) =>
    batchOf(await open(durationOf), 10),
} satisfies Record<string, (durationOf?: DurationOf) => Promise<IssuanceRun>>;

export type IssuanceRunName = keyof typeof ISSUANCE_RUNS;
