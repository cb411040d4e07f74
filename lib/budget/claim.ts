/**
 * Counts requests and certificates of a node and of its cluster, by day. A request is counted once, however often it is
 * processed. A refused request is refused forever: before a run refuses a request, it stores that no further request
 * uploaded up to that time is counted, and no run counts one that was uploaded at or before that mark. So a request
 * that was refused without a record cannot be issued by a later run.
 */
import { createHash } from 'node:crypto';
import {
  type Budgeted,
  bootstrapBudgetKey,
  clusterBudgetKey,
  clusterBudgetSchema,
  type NodeBudget,
  nodeBudgetKey,
  nodeBudgetSchema,
} from '../contract/day-budget.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import { isBootstrapHolder } from '../contract/request-kinds.ts';
import { dayOf } from '../expiry/expiry-index.ts';
import { type Announced, Coalescer } from './coalesce.ts';
import { type BudgetBucket, compareAndSet, type EarlyRead, readEarly } from './compare-and-set.ts';
import type { BudgetLimits, Counts } from './limits.ts';

export interface Claim {
  readonly address: Pick<RequestAddress, 'key' | 'cluster'>;
  /** Whose budget it is: a node, or the word of users or of CSRs (`limitsOf`). */
  readonly holder: string;
  /** By the clock of S3. */
  readonly uploaded: Date;
  /** Whether a certificate may be issued; otherwise the request is rejected. */
  readonly certificate: boolean;
  readonly limits: BudgetLimits;
}

/** Why a request does not count. */
export type Exceeded =
  /** The budget is used up. */
  | { readonly of: 'node' | 'cluster'; readonly what: Budgeted; readonly limit: number }
  /** It was used up when the request, or a later one, was first processed. */
  | { readonly of: 'closed'; readonly what: Budgeted }
  /** The request is older than so many days, too old to be counted. */
  | { readonly of: 'age'; readonly days: number };

/**
 * The lifecycle rule of the bucket deletes the counters of a day after eight days. A request that is older, and was never
 * counted, cannot be told from one that was refused.
 */
const MOST_DAYS = 6;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A request that may be counted soon. Every announcement ends with `claim` or `withdraw`. */
export interface ExpectedClaim {
  /** Starts to read the counters of the holder, if it was not known at first. */
  countsFor(holder: string): void;
  /** @returns undefined if the request counts, now or since an earlier run */
  claim(asked: Claim): Promise<Exceeded | undefined>;
  /** Does nothing after `claim`. */
  withdraw(): void;
}

/**
 * Starts to read the counters for a request that was uploaded today. Requests of one node that a process handles at the
 * same time are counted together, in one write: a claim waits for the others, which may still be read or judged.
 * @param holder undefined if only the object says whose budget it is
 */
export function expectClaim(
  bucket: BudgetBucket,
  cluster: string,
  holder: string | undefined,
  now: Date,
): ExpectedClaim {
  const { nodes, clusters } = countersOf(bucket);
  // not awaited: the requests of other nodes may take long
  const shared = clusters.announce(clusterBudgetKey(cluster, dayOf(now)), false);
  let own: OwnExpected | undefined;
  let hasEnded = false;
  const countsFor = (of: string) => {
    if (own || hasEnded) return;
    const key = nodeBudgetKey(cluster, of, dayOf(now));
    own = { key, announced: nodes.announce(key, true) };
  };
  const withdraw = () => {
    hasEnded = true;
    own?.announced.leave();
    shared.leave();
  };
  const claim = (asked: Claim) => {
    const key = nodeBudgetKey(cluster, asked.holder, dayOf(asked.uploaded));
    const all = { ...asked, now };
    if (key === own?.key) return own.announced.ask(all);
    own?.announced.leave();
    return nodes.ask(key, all);
  };
  if (holder !== undefined) countsFor(holder);
  return { countsFor, claim: (asked) => claim(asked).finally(withdraw), withdraw };
}

interface OwnExpected {
  readonly key: string;
  readonly announced: Announced<AskedClaim, Exceeded | undefined>;
}

interface AskedClaim extends Claim {
  readonly now: Date;
}

interface Draw {
  readonly wanted: Counts;
  readonly limit: Counts;
}

interface Counters {
  readonly nodes: Coalescer<AskedClaim, Exceeded | undefined, EarlyRead>;
  /** @returns what was drawn */
  readonly clusters: Coalescer<Draw, Counts, EarlyRead>;
}

/** Runs of one process share the counters of a bucket. */
const counters = new WeakMap<BudgetBucket, Counters>();

function countersOf(bucket: BudgetBucket): Counters {
  const known = counters.get(bucket);
  if (known) return known;
  const prepare = (key: string) => readEarly(bucket, key);
  const made: Counters = {
    clusters: new Coalescer({
      prepare,
      settle: (key, draws, early) => drawAll(bucket, key, draws, early),
    }),
    nodes: new Coalescer({
      prepare,
      settle: (key, claims, early) => countAll(bucket, key, claims, early, made),
    }),
  };
  counters.set(bucket, made);
  return made;
}

const EMPTY: NodeBudget = {
  requests: [],
  certificates: [],
  drawn: { requests: 0, certificates: 0 },
  closedThrough: {},
};

function countAll(
  bucket: BudgetBucket,
  key: string,
  claims: readonly AskedClaim[],
  early: EarlyRead | undefined,
  { clusters }: Counters,
): Promise<(Exceeded | undefined)[]> {
  // what was drawn in an attempt that another run won is used in the next one
  const inHand = { requests: 0, certificates: 0 };
  return compareAndSet(bucket, key, nodeBudgetSchema, early, async (known = EMPTY) => {
    const count = new NodeCount(known, inHand, claims, (draw, asked) =>
      clusters.ask(poolKey(asked), draw),
    );
    const result: (Exceeded | undefined)[] = [];
    for (const one of claims) result.push(await count.admit(one));
    return { result, ...(count.changed && { document: count.document() }) };
  });
}

/** What the holder draws from: a stolen bootstrap token takes nothing from the nodes that have joined. */
function poolKey({ address: { cluster }, holder, uploaded }: AskedClaim): string {
  const keyOf = isBootstrapHolder(holder) ? bootstrapBudgetKey : clusterBudgetKey;
  return keyOf(cluster, dayOf(uploaded));
}

/** The counters of one node and day, while they are changed. */
class NodeCount {
  readonly #counted: Record<Budgeted, Set<string>>;
  readonly #drawn: Record<Budgeted, number>;
  readonly #inHand: Record<Budgeted, number>;
  readonly #closedThrough: NodeBudget['closedThrough'];
  /** The claims that are counted together. */
  readonly #claims: readonly AskedClaim[];
  readonly #draw: (draw: Draw, asked: AskedClaim) => Promise<Counts>;
  changed = false;

  constructor(
    { requests, certificates, drawn, closedThrough }: NodeBudget,
    inHand: Record<Budgeted, number>,
    claims: readonly AskedClaim[],
    draw: (draw: Draw, asked: AskedClaim) => Promise<Counts>,
  ) {
    this.#counted = { requests: new Set(requests), certificates: new Set(certificates) };
    this.#drawn = { ...drawn };
    this.#inHand = inHand;
    this.#claims = claims;
    this.#closedThrough = { ...closedThrough };
    this.#draw = draw;
  }

  /** Counts all that the request needs, or nothing. */
  async admit(asked: AskedClaim): Promise<Exceeded | undefined> {
    const id = digestOf(asked.address.key);
    const missing = this.#missing(asked);
    for (const what of missing) {
      const exceeded = await this.#findExceeded(what, asked);
      if (!exceeded) continue;
      this.#close(what, asked.uploaded);
      return exceeded;
    }
    for (const what of missing) {
      this.#counted[what].add(id);
      this.changed = true;
    }
    return undefined;
  }

  document(): NodeBudget {
    const { requests, certificates } = this.#counted;
    return {
      requests: [...requests],
      certificates: [...certificates],
      drawn: {
        requests: this.#drawn.requests + this.#inHand.requests,
        certificates: this.#drawn.certificates + this.#inHand.certificates,
      },
      closedThrough: this.#closedThrough,
    };
  }

  /** What the request needs and has not been counted for. */
  #missing({ address, certificate }: AskedClaim): Budgeted[] {
    const id = digestOf(address.key);
    return BUDGETED.filter(
      (what) => (certificate || what !== 'certificates') && !this.#counted[what].has(id),
    );
  }

  async #findExceeded(what: Budgeted, asked: AskedClaim): Promise<Exceeded | undefined> {
    const { limits, uploaded, now } = asked;
    const used = this.#counted[what].size;
    if (daysBetween(uploaded, now) > MOST_DAYS) return { of: 'age', days: MOST_DAYS };
    if (used >= limits.node[what]) return { of: 'node', what, limit: limits.node[what] };
    if (this.#isClosed(what, uploaded)) return { of: 'closed', what };
    if (!limits.cluster || used < this.#available(what)) return undefined;
    await this.#drawMore(asked, limits.cluster);
    if (used < this.#available(what)) return undefined;
    return { of: 'cluster', what, limit: limits.cluster[what] };
  }

  #available(what: Budgeted): number {
    return this.#drawn[what] + this.#inHand[what];
  }

  /**
   * Draws what the claims that are counted together lack, and at least as much as the node has so far: a worker draws two,
   * a control-plane node once for all its certificates, and a node that needs hundreds a few times, so that the nodes of a
   * cluster do not compete for the cluster's counter at each request.
   */
  async #drawMore(asked: AskedClaim, limit: Counts): Promise<void> {
    const wantedOf = (what: Budgeted) => {
      const missing = this.#claims.filter((one) => this.#missing(one).includes(what)).length;
      const used = this.#counted[what].size;
      const mayUse = Math.min(missing, asked.limits.node[what] - used);
      const short = used + mayUse - this.#available(what);
      if (short <= 0) return 0;
      return Math.min(MOST_DRAWN, Math.max(LEAST_DRAWN, this.#available(what), short));
    };
    const wanted = { requests: wantedOf('requests'), certificates: wantedOf('certificates') };
    const got = await this.#draw({ wanted, limit }, asked);
    this.#inHand.requests += got.requests;
    this.#inHand.certificates += got.certificates;
  }

  #isClosed(what: Budgeted, uploaded: Date): boolean {
    const closedThrough = this.#closedThrough[what];
    return closedThrough !== undefined && uploaded.toISOString() <= closedThrough;
  }

  #close(what: Budgeted, uploaded: Date): void {
    if (this.#isClosed(what, uploaded)) return;
    this.#closedThrough[what] = uploaded.toISOString();
    this.changed = true;
  }
}

const BUDGETED: readonly Budgeted[] = ['requests', 'certificates'];
const LEAST_DRAWN = 2;
const MOST_DRAWN = 64;

const NOTHING: Counts = { requests: 0, certificates: 0 };

/** What a killed run has drawn and not stored is lost to the cluster for the day. */
function drawAll(
  bucket: BudgetBucket,
  key: string,
  draws: readonly Draw[],
  early: EarlyRead | undefined,
): Promise<Counts[]> {
  return compareAndSet(
    bucket,
    key,
    clusterBudgetSchema,
    early,
    async (known = { drawn: NOTHING }) => {
      const drawn = { ...known.drawn };
      const take = (what: Budgeted, { wanted, limit }: Draw) => {
        const amount = Math.max(0, Math.min(wanted[what], limit[what] - drawn[what]));
        drawn[what] += amount;
        return amount;
      };
      const result = draws.map((draw) => ({
        requests: take('requests', draw),
        certificates: take('certificates', draw),
      }));
      const isSame =
        drawn.requests === known.drawn.requests && drawn.certificates === known.drawn.certificates;
      return { result, ...(!isSame && { document: { drawn } }) };
    },
  );
}

/** 96 bits of a digest: short, and no two requests of a node have the same. */
const digestOf = (key: string) =>
  createHash('sha256').update(key).digest().subarray(0, 12).toString('base64url');

const daysBetween = (from: Date, to: Date) =>
  (Date.parse(dayOf(to)) - Date.parse(dayOf(from))) / DAY_MS;
