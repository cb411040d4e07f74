/** A writer and a watcher at one endpoint, and what they observed. */
import { until } from '../../support/until.ts';
import type { Endpoint } from './kube-client.ts';
import { Watcher } from './watcher.ts';
import { Writer, type Written } from './writer.ts';

export interface Account {
  /** A summary in one line. */
  readonly words: string;
  /** The error of each write that failed in all retries. */
  readonly lostTo: readonly string[];
  /** Confirmed writes without an event at the watcher. */
  readonly missed: number;
  /** Events that arrived twice, or before an older one. */
  readonly disordered: number;
}

export class Traffic {
  readonly #writer: Writer;
  readonly #watcher: Watcher;

  constructor(endpoint: Endpoint) {
    this.#writer = new Writer(endpoint);
    this.#watcher = new Watcher(endpoint);
  }

  async start(): Promise<void> {
    this.#watcher.start(await this.#writer.start());
  }

  /** Runs something while both run, and stops them afterwards even if it fails. */
  async during(body: () => Promise<void>): Promise<void> {
    await this.start();
    try {
      await body();
    } finally {
      await this.stop();
    }
  }

  /** Stops both as soon as the watcher has seen the last write. */
  async stop(): Promise<Account> {
    const written = await this.#writer.stop();
    const last = written.confirmed.at(-1);
    const caughtUp = () => (this.#watcher.last === last ? true : undefined);
    // an event that does not arrive is counted below
    await until('the last write', async () => caughtUp(), LAST_MS).catch(() => undefined);
    const { seen, ends, longestGapMs } = await this.#watcher.stop();
    const events = new Set(seen);
    const missed = written.confirmed.filter((number) => !events.has(number)).length;
    const disordered = seen.filter((number, i) => i > 0 && number <= (seen[i - 1] ?? 0)).length;
    const watched = [
      `${seen.length} events`,
      `${missed} missed`,
      ...(disordered > 0 ? [`${disordered} out of order`] : []),
      `watch resumed: ${listed(ends)}`,
      `longest gap ${seconds(longestGapMs)}`,
    ];
    const words = `${describeWritten(written)}; ${watched.join(', ')}`;
    const lostTo = [...written.lost.values()];
    return { words, lostTo, missed, disordered };
  }

  /**
   * Restarting an etcd member can fail a write that is in flight if the member is the leader. The writer gets an error.
   * @param restartedMembers the number of restarts
   * @returns the summary @throws Error with the summary if anything else was lost, or an event was missed
   */
  async stopWithoutLoss(restartedMembers: number): Promise<string> {
    const { words, lostTo, missed, disordered } = await this.stop();
    const others = lostTo.filter((problem) => !ELECTION.test(problem));
    const tooMany = lostTo.length > restartedMembers;
    if (others.length + missed + disordered > 0 || tooMany) throw new Error(words);
    return words;
  }
}

/** etcd's answer to a write in flight while the leader stops (etcd api/v3rpc/rpctypes). Clients see this error. */
const ELECTION =
  /^500 etcdserver: (request timed out, possibly due to previous leader failure|leader changed)/;

const LAST_MS = 30_000;

function describeWritten({ tried, failedAtFirst, lost, longestGapMs }: Written): string {
  const why = new Map<string, number>();
  for (const problem of lost.values()) why.set(problem, (why.get(problem) ?? 0) + 1);
  return [
    `${tried} writes`,
    `failed at first: ${listed(failedAtFirst)}`,
    `lost: ${listed(why)}`,
    `longest gap ${seconds(longestGapMs)}`,
  ].join(', ');
}

/** `3 (2 ECONNRESET, 1 no answer)` */
function listed(counts: ReadonlyMap<string, number>): string {
  const sum = [...counts.values()].reduce((a, b) => a + b, 0);
  if (sum === 0) return '0';
  return `${sum} (${[...counts].map(([words, count]) => `${count} ${words}`).join(', ')})`;
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
