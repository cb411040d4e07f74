/**
 * Finds requests without an outcome, or with a pending one only: an event was lost, or a run was interrupted. A run
 * makes a limited number of calls and holds a limited number of keys, whatever anyone has stored; the next run looks at
 * the rest.
 */
import type { ReconcileCursor, Totals } from '../contract/reconcile-cursor.ts';
import type { Service } from '../service.ts';
import { Candidates } from './candidates.ts';
import { findDecided } from './find-decided.ts';
import { findUnpublished } from './find-unpublished.ts';
import { Calls } from './listing.ts';
import { Places, type Shares } from './places.ts';
import { type FoundRequest, type OpenRequest, walkRequests } from './walk-requests.ts';

export interface Window {
  /** Requests younger than this may still be in progress, in milliseconds. */
  readonly graceMs: number;
  /**
   * Records up to this age are checked too, once a day, in milliseconds. Older ones have been reconciled before, and their
   * outcomes may have been deleted by the lifecycle rule.
   */
  readonly recordsMs: number;
}

export interface RunOptions extends Window {
  /** Where the last run stopped. */
  readonly cursor: ReconcileCursor;
  /** Whether a daily check begins: all pending requests are woken, and the ledger is checked. */
  readonly daily: boolean;
  readonly shares?: Shares;
  /** Calls for the ledger, and for approvals and cluster records. */
  readonly moreCalls?: number;
  /** Whether the run has to end soon. */
  readonly isLate?: () => boolean;
}

export interface Unfinished {
  /** What to wake, each request once. */
  readonly toWake: readonly OpenRequest[];
  /** How many more requests would be woken than one run queues. */
  readonly left: number;
  readonly totals: Totals;
  /** How many clusters and nodes the next run continues, plus one if the walk itself was not finished. */
  readonly continued: number;
  readonly cursor: ReconcileCursor;
}

/**
 * A call returns a thousand keys in about a tenth of a second: a run ends within a minute, and looks at 400,000
 * objects, 5,000 of one node and 20,000 of a folder that nodes share at most. Fleets have fewer: 1,000 clusters have 13,000 requests in 90 days.
 */
export const SHARES: Shares = { run: 400, cluster: 40, shared: 20, node: 5 };
const MORE_CALLS = 100;

const INSPECT_MS = 60 * 60 * 1000;

export const NO_TOTALS: Totals = { waiting: 0 };
export const FIRST_CURSOR: ReconcileCursor = {
  continued: {},
  daily: false,
  seen: NO_TOTALS,
  last: NO_TOTALS,
};

/**
 * Walks the requests from the cursor on, then what was decided since; in a daily check, the ledger too. Writes
 * nothing: the caller queues `toWake`, and then saves the cursor.
 * @throws Fault if a bucket cannot be read
 */
export async function findUnfinished(service: Service, options: RunOptions): Promise<Unfinished> {
  const { graceMs, recordsMs, shares = SHARES, moreCalls = MORE_CALLS, isLate } = options;
  const now = service.now().getTime();
  const ageOf = (time: Date) => now - time.getTime();
  const begins = options.daily && !options.cursor.daily;
  const cursor = begins ? beginDaily(options.cursor) : options.cursor;
  const toWake = new Candidates(String(now));
  const waiting = new Candidates(String(now));
  const places = new Places(cursor.continued, shares);
  const walk = {
    after: cursor.after,
    calls: new Calls(shares.run, isLate),
    places,
    // An object that is not a CSR is only searched for a private key; this is not repeated forever.
    isStrayDue: (uploaded: Date) =>
      ageOf(uploaded) >= graceMs && ageOf(uploaded) <= graceMs + INSPECT_MS,
  };
  let totals = cursor.seen;
  const end = await walkRequests(service.exchange, walk, (seen) => {
    totals = include(totals, seen);
    if (ageOf(seen.since) < graceMs) return;
    (seen.state === 'waiting' && !cursor.daily ? waiting : toWake).add(seen);
  });
  const calls = new Calls(moreCalls, isLate);
  for (const request of await findDecided(service, waiting.all(), calls)) toWake.add(request);
  const ledger = await checkLedger(service, cursor.ledger, toWake, {
    calls,
    isDue: (recorded) => ageOf(recorded) >= graceMs && ageOf(recorded) < recordsMs,
  });
  const { continued } = places;
  const next: ReconcileCursor = end.complete
    ? { continued, daily: false, seen: NO_TOTALS, last: totals }
    : { after: end.after, continued, daily: cursor.daily, seen: totals, last: cursor.last };
  return {
    toWake: toWake.all(),
    left: toWake.left,
    // the numbers of the last complete walk include the requests that this one has not reached
    totals: end.complete ? totals : combine(totals, cursor.last),
    continued: Object.keys(continued).length + (end.complete ? 0 : 1),
    cursor: { ...next, ...(ledger && { ledger }) },
  };
}

/**
 * Starts at the first key, whatever an earlier run has left. One that is in progress is not started again: somebody who
 * calls the function again and again would keep it from ever reaching the last keys.
 */
function beginDaily({ continued, last, ledger = {} }: ReconcileCursor): ReconcileCursor {
  return { continued, last, daily: true, seen: NO_TOTALS, ledger };
}

/** @returns where the next run continues; undefined if the check is finished, or none is in progress */
async function checkLedger(
  service: Service,
  ledger: ReconcileCursor['ledger'],
  found: Candidates,
  options: { readonly calls: Calls; readonly isDue: (recorded: Date) => boolean },
): Promise<ReconcileCursor['ledger']> {
  if (ledger === undefined) return undefined;
  const from = { ...options, after: ledger.after };
  const end = await findUnpublished(service, from, (request) => found.add(request));
  if (end.complete) return undefined;
  return end.after === undefined ? {} : { after: end.after };
}

function include(totals: Totals, { state, since }: FoundRequest): Totals {
  const at = since.getTime();
  if (state === 'waiting') return combine(totals, { waiting: 1, oldestWaiting: at }, 'add');
  return state === 'open' ? combine(totals, { waiting: 0, oldestOpen: at }) : totals;
}

function combine(a: Totals, b: Totals, how: 'add' | 'most' = 'most'): Totals {
  const oldest = (...times: (number | undefined)[]) => {
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  };
  const oldestWaiting = oldest(a.oldestWaiting, b.oldestWaiting);
  const oldestOpen = oldest(a.oldestOpen, b.oldestOpen);
  return {
    waiting: how === 'add' ? a.waiting + b.waiting : Math.max(a.waiting, b.waiting),
    ...(oldestWaiting !== undefined && { oldestWaiting }),
    ...(oldestOpen !== undefined && { oldestOpen }),
  };
}
