/** A writer and a watcher at one endpoint, and the account of both. */
import { until } from '../../support/until.ts';
import type { Endpoint } from './kube-client.ts';
import { Watcher } from './watcher.ts';
import { Writer, type Written } from './writer.ts';

export interface Account {
  /** Everything in one line. */
  readonly words: string;
  /** What was said of each write that no retry brought through. */
  readonly lostTo: readonly string[];
  /** Confirmed writes that the watcher was not told of. */
  readonly missed: number;
  /** Events that came twice, or before an older one. */
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

  /** Runs something while they run; both have ended afterwards, whatever became of it. */
  async during(body: () => Promise<void>): Promise<void> {
    await this.start();
    try {
      await body();
    } finally {
      await this.stop();
    }
  }

  /** Ends when the watcher was told of the last write. */
  async stop(): Promise<Account> {
    const written = await this.#writer.stop();
    const last = written.confirmed.at(-1);
    const caughtUp = () => (this.#watcher.last === last ? true : undefined);
    // what does not come is counted below, not thrown
    await until('the last write', async () => caughtUp(), LAST_MS).catch(() => undefined);
    const { seen, ends, longestGapMs } = await this.#watcher.stop();
    const told = new Set(seen);
    const missed = written.confirmed.filter((number) => !told.has(number)).length;
    const disordered = seen.filter((number, i) => i > 0 && number <= (seen[i - 1] ?? 0)).length;
    const watched = [
      `${seen.length} events`,
      `${missed} missed`,
      ...(disordered > 0 ? [`${disordered} out of order`] : []),
      `watch taken up again: ${listed(ends)}`,
      `longest gap ${seconds(longestGapMs)}`,
    ];
    const words = `${describeWritten(written)}; ${watched.join(', ')}`;
    const lostTo = [...written.lost.values()];
    return { words, lostTo, missed, disordered };
  }

  /**
   * A member of etcd that is restarted can cost the write that it led at that moment; who wrote is told so.
   * @param restartedMembers how many restarts there were
   * @returns the account @throws Error with it, if anything else was lost or an event missed
   */
  async stopWithoutLoss(restartedMembers: number): Promise<string> {
    const { words, lostTo, missed, disordered } = await this.stop();
    const others = lostTo.filter((problem) => !ELECTION.test(problem));
    const tooMany = lostTo.length > restartedMembers;
    if (others.length + missed + disordered > 0 || tooMany) throw new Error(words);
    return words;
  }
}

/** etcd's answer to a write that was on its way when the leader went (etcd api/v3rpc/rpctypes); clients see the error. */
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
