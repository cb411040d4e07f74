/** Many requests of many clusters, under injected faults, and what must be true of them afterwards. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { issuedKey, recordKey } from '../../lib/contract/decision-record.ts';
import { parseRequestKey } from '../../lib/contract/request-key.ts';
import { ALICE, writeApproval } from './approve.ts';
import { FaultyWorld } from './faulty-world.ts';
import { CLUSTER, InMemoryService } from './in-memory-service.ts';
import { kubeadmSet } from './kubeadm-sets.ts';
import { Random } from './random.ts';
import { changeEnvironment } from './restored.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const MINUTE_MS = 60_000;
/** Clusters that reject some certificates, and that have too small a budget. */
const VARIANTS = [
  {},
  { controlPlaneEndpoint: 'other.example.com:6443' },
  { limits: { nodeCertificatesPerDay: 100 } },
  { limits: { nodeRequestsPerDay: 90, clusterCertificatesPerDay: 40 } },
];

export interface Findings {
  readonly requests: number;
  readonly issued: number;
  readonly rejected: number;
  readonly overBudget: number;
  readonly signatures: number;
  readonly deadLetters: number;
  readonly secondSerials: string[];
  readonly secondOutcomes: string[];
  readonly lost: string[];
  readonly unrecordedSignatures: number;
  readonly differentBytes: string[];
}

/** What no number of faults may cause. */
export const NOTHING_WRONG = {
  secondSerials: [],
  secondOutcomes: [],
  lost: [],
  unrecordedSignatures: 0,
  differentBytes: [],
};

/** @param count at least; it is rounded up to whole sets of CSRs */
export async function processUnderFaults(count: number, seed: number): Promise<Findings> {
  const restore = changeEnvironment({
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
  try {
    const run = await Run.open(seed);
    await run.uploadAll(count);
    await run.settle();
    return run.findings();
  } finally {
    restore();
  }
}

class Run {
  readonly #memory: InMemoryService;
  readonly #faulty: FaultyWorld;
  readonly #random: Random;
  readonly #node: string;
  readonly #clusters: readonly string[];
  readonly #keys: string[] = [];
  readonly #approved = new Set<string>();

  private constructor(memory: InMemoryService, random: Random, node: string, clusters: string[]) {
    this.#memory = memory;
    this.#random = random;
    this.#faulty = new FaultyWorld(memory, random);
    this.#node = node;
    this.#clusters = clusters;
  }

  static async open(seed: number): Promise<Run> {
    const memory = await InMemoryService.open();
    const { node } = memory.declare(set);
    const record = memory.authority.json(`clusters/${CLUSTER}.json`);
    const clusters = Array.from({ length: 20 }, (_, i) => `c${i}`);
    for (const [i, cluster] of clusters.entries()) {
      const more = VARIANTS[i % VARIANTS.length];
      memory.authority.seed(
        `clusters/${cluster}.json`,
        JSON.stringify({ ...record, cluster, ...more }),
      );
    }
    return new Run(memory, new Random(seed), node, clusters);
  }

  /** Uploads while the functions run. */
  async uploadAll(count: number): Promise<void> {
    for (let id = 0; this.#keys.length < count; id++) {
      const cluster = this.#clusters[id % this.#clusters.length];
      for (const { path, file } of this.#random.shuffle(set.csrs)) {
        const key = `requests/${cluster}/${this.#node}/r${id}/${path}`;
        this.#memory.exchange.seed(key, readFileSync(file));
        this.#keys.push(key);
        this.#faulty.notify('exchange', key, await this.#eTag('exchange', key));
      }
      this.#pass(1000);
      await this.#faulty.turn(id % 40 === 39 ? 'yes' : 'no');
      if (id % 10 === 0) await this.#approvePending();
    }
  }

  /** Ends the faults at last: until every request has its outcome. */
  async settle(): Promise<void> {
    for (let round = 0; round < 60; round++) {
      this.#faulty.isFaulty = round < 10;
      while (this.#faulty.uploads.length + this.#faulty.requests.length > 0)
        await this.#faulty.turn();
      await this.#approvePending();
      if (round > 10 && this.#unfinished().length === 0) return;
      this.#pass(6 * MINUTE_MS);
      await this.#faulty.turn(round % 10 === 0 ? 'daily' : 'yes');
    }
  }

  findings(): Findings {
    const { authority } = this.#memory;
    const outcomes = this.#keys.map((key) => ({ key, ...this.#outcome(key) }));
    const byRecord = new Map<string, Set<string>>();
    for (const { record, digest } of this.#faulty.signCalls)
      byRecord.set(record, (byRecord.get(record) ?? new Set()).add(digest));
    const rejected = outcomes.filter((one) => one.rejected !== undefined);
    return {
      requests: this.#keys.length,
      issued: outcomes.filter((one) => one.certificate !== undefined).length,
      rejected: rejected.length,
      overBudget: rejected.filter(({ key }) => !authority.objects.has(recordKey(key))).length,
      signatures: this.#faulty.signCalls.length,
      deadLetters: this.#faulty.uploads.deadLetters + this.#faulty.requests.deadLetters,
      secondSerials: this.#keys.filter((key) => this.#serials(key).size > 1),
      secondOutcomes: outcomes.filter((one) => outcomesIn(one) > 1).map(({ key }) => key),
      lost: this.#withoutOutcome(),
      unrecordedSignatures: this.#faulty.signCalls.filter(({ recorded }) => !recorded).length,
      differentBytes: [...byRecord].filter(([, digests]) => digests.size > 1).map(([key]) => key),
    };
  }

  /** An approver approves some of what waits, and in the end everything. */
  async #approvePending(): Promise<void> {
    for (const key of this.#keys) {
      if (this.#approved.has(key) || !key.includes('super-admin')) continue;
      if (!this.#outcome(key).pending || this.#random.chance(0.5)) continue;
      this.#approved.add(key);
      // one more than usual where the upload event was lost: one of them may be the uploader
      for (const approver of [ALICE, 'AROAAPPROVER:bob']) {
        const written = writeApproval(this.#memory, key, 'approve', approver);
        this.#faulty.notify('authority', written, 'e');
      }
    }
  }

  /** A run that is killed leaves pending.json beside the outcome until reconcile finds it. */
  #unfinished(): string[] {
    return this.#keys.filter((key) => {
      const outcome = this.#outcome(key);
      return outcomesIn(outcome) !== 1 || outcome.pending !== undefined;
    });
  }

  #withoutOutcome(): string[] {
    return this.#keys.filter((key) => {
      const { certificate, rejected } = this.#outcome(key);
      return certificate === undefined && rejected === undefined;
    });
  }

  /** Every serial number that an object of either bucket has for the request. */
  #serials(key: string): Set<string> {
    const { authority } = this.#memory;
    const record = authority.json(recordKey(key)) as
      | { certificate?: { serialNumber?: string } }
      | undefined;
    const serials = [authority.text(issuedKey(key)), this.#outcome(key).certificate].map(
      (pem) => pem && new X509Certificate(pem).serialNumber.toLowerCase(),
    );
    const all = [record?.certificate?.serialNumber, ...serials];
    return new Set(all.flatMap((serial) => serial || []));
  }

  #outcome(key: string) {
    if (!parseRequestKey(key)) throw new Error(key);
    return this.#memory.outcome(key);
  }

  async #eTag(bucket: 'exchange', key: string): Promise<string> {
    return (await this.#memory[bucket].get(key, 1))?.eTag ?? '';
  }

  #pass(ms: number): void {
    this.#memory.now = new Date(this.#memory.now.getTime() + ms);
  }
}

const outcomesIn = ({ certificate, rejected, pending }: Record<string, unknown>): number =>
  [certificate, rejected, pending].filter((one) => one !== undefined).length;

/** Other requests each time, and the same again with the number that a failed run printed. */
export function chosenSeed(): number {
  const seed = Number(process.env.CAKELESS_SEED ?? Date.now() % 1_000_000);
  console.info(`CAKELESS_SEED=${seed}`);
  return seed;
}
