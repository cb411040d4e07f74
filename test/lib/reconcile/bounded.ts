/** A service in memory on a bucket with millions of objects, which nobody stores. */
import type { ReconcileCursor } from '../../../lib/contract/reconcile-cursor.ts';
import { FIRST_CURSOR, findUnfinished, SHARES } from '../../../lib/reconcile/find-unfinished.ts';
import type { Shares } from '../../../lib/reconcile/places.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { LazyStore, type ObjectRange, padded, single } from '../../support/lazy-store.ts';

export const NOW = new Date('2026-11-24T12:00:00Z');
export const OLD = new Date('2026-11-24T11:50:00Z');
/** So old that the outcome of an object that is not a request is no longer looked for. */
const DAYS_AGO = new Date('2026-11-20T12:00:00Z');
export const MILLIONS = 3_000_000;
export const lost = (node: string) => `requests/${node}/r1/kubelet.conf.csr`;

export async function opened(...ranges: ObjectRange[]) {
  const memory = await InMemoryService.open();
  const exchange = new LazyStore(ranges);
  const service = { ...memory.service, exchange: exchange as never, now: () => NOW };
  let cursor: ReconcileCursor = FIRST_CURSOR;
  const run = async (shares: Shares = SHARES, daily = false) => {
    exchange.calls = 0;
    exchange.keys = 0;
    const options = { graceMs: 60_000, recordsMs: 0, cursor, daily, shares };
    const unfinished = await findUnfinished(service, options);
    cursor = unfinished.cursor;
    return { ...unfinished, woken: unfinished.toWake.map(({ key }) => key) };
  };
  return { memory, exchange, run, cursor: () => cursor };
}

/** One node's junk, and lost requests of three other nodes: before, next to and after it. */
export const flood = (...junk: ObjectRange[]) => [
  ...junk,
  ...OTHERS.map((node) => single(lost(node), OLD)),
];
export const OTHERS = ['a/cp-1', 'flooded/a', 'flooded/z', 'z/cp-1'];

export const stray: ObjectRange = {
  count: MILLIONS,
  key: (i) => `requests/flooded/mallory/${padded(i)}/notes.txt`,
  at: DAYS_AGO,
};
export const unknownPaths: ObjectRange = {
  count: MILLIONS,
  key: (i) => `requests/flooded/mallory/r/${padded(i)}.csr`,
  at: OLD,
};
export const refused: ObjectRange = {
  count: MILLIONS,
  key: (i) => `certificates/flooded/mallory/r/${padded(i)}.csr~upload.rejected.json`,
  at: OLD,
};
/** More keys are between two outcomes than one call returns. */
const farApart = (i: number) => `${padded(Math.floor(i / 2500))}`;
export const sparseOutcomes: ObjectRange = {
  count: MILLIONS,
  key: (i) => `certificates/flooded/mallory/${farApart(i)}/x${padded(i % 2500)}.rejected.json`,
  at: OLD,
};
export const sparseRequests: ObjectRange = {
  count: MILLIONS / 2500,
  key: (i) => `requests/flooded/mallory/${padded(i)}/kubelet.conf.csr`,
  at: OLD,
};

/** Shares that a run soon uses up. */
export const SMALL = { run: 10, cluster: 100, shared: 100, node: 100 };
export const clusters = Array.from({ length: 30 }, (_, i) => `c${padded(i)}`);
export const ranges = clusters.flatMap((cluster) => [
  {
    ...stray,
    count: 1000,
    key: (i: number) => `requests/${cluster}/n/${padded(i)}/notes.txt`,
  },
  single(lost(`${cluster}/z`), OLD),
]);
