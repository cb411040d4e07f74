/** What a run of reconcile does is bounded by calls, whatever is stored, and no node or cluster delays the others. */
import type { ReconcileCursor } from '../../../lib/contract/reconcile-cursor.ts';
import { RESERVED_NODE_NAMES } from '../../../lib/contract/request-kinds.ts';
import { FIRST_CURSOR, findUnfinished, SHARES } from '../../../lib/reconcile/find-unfinished.ts';
import type { Shares } from '../../../lib/reconcile/places.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { LazyStore, type ObjectRange, padded, single } from '../../support/lazy-store.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const OLD = new Date('2026-11-24T11:50:00Z');
/** So old that the outcome of an object that is not a request is no longer looked for. */
const DAYS_AGO = new Date('2026-11-20T12:00:00Z');
const MILLIONS = 3_000_000;
const lost = (node: string) => `requests/${node}/r1/kubelet.conf.csr`;

async function opened(...ranges: ObjectRange[]) {
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
const flood = (...junk: ObjectRange[]) => [
  ...junk,
  ...OTHERS.map((node) => single(lost(node), OLD)),
];
const OTHERS = ['a/cp-1', 'flooded/a', 'flooded/z', 'z/cp-1'];

const stray: ObjectRange = {
  count: MILLIONS,
  key: (i) => `requests/flooded/mallory/${padded(i)}/notes.txt`,
  at: DAYS_AGO,
};
const unknownPaths: ObjectRange = {
  count: MILLIONS,
  key: (i) => `requests/flooded/mallory/r/${padded(i)}.csr`,
  at: OLD,
};
const refused: ObjectRange = {
  count: MILLIONS,
  key: (i) => `certificates/flooded/mallory/r/${padded(i)}.csr~upload.rejected.json`,
  at: OLD,
};
/** More keys are between two outcomes than one call returns. */
const farApart = (i: number) => `${padded(Math.floor(i / 2500))}`;
const sparseOutcomes: ObjectRange = {
  count: MILLIONS,
  key: (i) => `certificates/flooded/mallory/${farApart(i)}/x${padded(i % 2500)}.rejected.json`,
  at: OLD,
};
const sparseRequests: ObjectRange = {
  count: MILLIONS / 2500,
  key: (i) => `requests/flooded/mallory/${padded(i)}/kubelet.conf.csr`,
  at: OLD,
};

describe.each<[string, ObjectRange[]]>([
  ['three million objects that are not requests', [stray]],
  ['three million new objects that are not requests', [{ ...stray, at: OLD }]],
  ['three million requests without outcomes', [unknownPaths]],
  ['three million rejected requests', [unknownPaths, refused]],
  ['requests whose outcomes are three million keys apart', [sparseRequests, sparseOutcomes]],
])('%s of one node', (_, junk) => {
  it('cost one run no more calls and keys than its share, and delay no other node', async () => {
    const { run, exchange } = await opened(...flood(...junk));
    const { woken, continued } = await run();
    expect(exchange.calls).toBeLessThanOrEqual(SHARES.node + 8);
    expect(exchange.keys).toBeLessThanOrEqual(1000 * (SHARES.node + 8));
    expect(woken).toEqual(expect.arrayContaining(OTHERS.map(lost)));
    expect(woken.length).toBeLessThanOrEqual(OTHERS.length + 50);
    expect(continued).toBe(1);
  });

  it('are continued by the next run', async () => {
    const { run, cursor } = await opened(...flood(...junk));
    const positions = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      const { woken } = await run();
      expect(woken).toEqual(expect.arrayContaining(OTHERS.map(lost)));
      positions.add(cursor().continued['requests/flooded/mallory/']);
    }
    expect(positions.size).toBe(3);
    expect([...positions].sort()).toEqual([...positions]);
  });
});

it('a request at the end of what a node has flooded is found by a later run', async () => {
  const last = 'requests/flooded/mallory/zz/kubelet.conf.csr';
  const { run } = await opened({ ...stray, count: 20_000 }, single(last, OLD));
  const runs = [];
  for (let i = 0; i < 5; i++) runs.push((await run()).woken);
  const found = runs.findIndex((woken) => woken.includes(last));
  expect(found).toBeGreaterThan(0);
  expect(found).toBeLessThanOrEqual(20_000 / (1000 * SHARES.node));
});

it.each(RESERVED_NODE_NAMES)(
  'below %s, where the requests of many are, a run looks at more than below a node, and at the nodes too',
  async (word) => {
    const many = {
      ...unknownPaths,
      key: (i: number) => `requests/flooded/${word}/${padded(i)}/x.csr`,
    };
    const { run, exchange, cursor } = await opened(...flood(many));
    const { woken } = await run();
    expect(exchange.calls).toBeGreaterThan(SHARES.shared);
    expect(exchange.calls).toBeLessThanOrEqual(SHARES.shared + 8);
    expect(woken).toEqual(expect.arrayContaining(OTHERS.map(lost)));
    const [position] = Object.values(cursor().continued);
    await run();
    expect(Object.values(cursor().continued)).not.toEqual([position]);
  },
);

it('after its last key, a node is looked at from its first key again', async () => {
  const first = single('requests/flooded/mallory/-/kubelet.conf.csr', OLD);
  const { run } = await opened(first, { ...stray, count: 8000 });
  const runs = [];
  for (let i = 0; i < 4; i++) runs.push((await run()).woken.length);
  expect(runs).toEqual([1, 0, 1, 0]);
});

it('a cluster whose nodes all flood delays no other cluster, and each of its nodes has its turn', async () => {
  const nodes = Array.from({ length: 24 }, (_, i) => `flooded/n${padded(i)}`);
  const junk = nodes.map((node) => ({
    ...stray,
    count: MILLIONS / 24,
    key: (i: number) => `requests/${node}/${padded(i)}/notes.txt`,
  }));
  const ends = nodes.map((node) => single(`requests/${node}/0/kubelet.conf.csr`, OLD));
  const { run, exchange } = await opened(...junk, ...ends, single(lost('z/cp-1'), OLD));
  const found = new Set<string>();
  const runs = Math.ceil((nodes.length * SHARES.node) / SHARES.cluster) + 1;
  for (let i = 0; i < runs; i++) {
    const { woken } = await run();
    expect(woken).toContain(lost('z/cp-1'));
    expect(exchange.calls).toBeLessThanOrEqual(2 * SHARES.cluster);
    for (const key of woken) found.add(key);
  }
  expect(found.size).toBe(nodes.length + 1);
});

describe('a run that has used up its calls', () => {
  const SMALL = { run: 10, cluster: 100, shared: 100, node: 100 };
  const clusters = Array.from({ length: 30 }, (_, i) => `c${padded(i)}`);
  const ranges = clusters.flatMap((cluster) => [
    {
      ...stray,
      count: 1000,
      key: (i: number) => `requests/${cluster}/n/${padded(i)}/notes.txt`,
    },
    single(lost(`${cluster}/z`), OLD),
  ]);

  it('is continued by the next, until every cluster was looked at', async () => {
    const { run, exchange, cursor } = await opened(...ranges);
    const found = new Set<string>();
    const walked = [];
    for (let i = 0; i < 10 && found.size < clusters.length; i++) {
      const { woken } = await run(SMALL);
      expect(exchange.calls).toBeLessThanOrEqual(SMALL.run);
      for (const key of woken) found.add(key);
      walked.push(cursor().after);
    }
    expect(found.size).toBe(clusters.length);
    expect(walked.length).toBeGreaterThan(3);
  });

  it('is a daily check until the last key is reached, and starts it at the first', async () => {
    const pending = clusters.map((cluster) =>
      single(`certificates/${cluster}/z/r1/kubelet.conf.pending.json`, OLD),
    );
    const { run, cursor } = await opened(...ranges, ...pending);
    await run(SMALL);
    const found = new Set<string>();
    let daily = true;
    for (let i = 0; i < 20; i++) {
      for (const key of (await run(SMALL, daily)).woken) found.add(key);
      daily = false;
      if (!cursor().daily) break;
    }
    expect(found.size).toBe(clusters.length);
    expect((await run({ run: 400, cluster: 400, shared: 400, node: 400 })).woken).toEqual([]);
  });

  it('reaches the last key even if every run is told to begin a daily check', async () => {
    const { run } = await opened(...ranges);
    const found = new Set<string>();
    for (let i = 0; i < 20; i++) for (const key of (await run(SMALL, true)).woken) found.add(key);
    expect(found.size).toBe(clusters.length);
  });

  it('counts what earlier runs have seen, so that the metrics do not depend on where it stopped', async () => {
    const oldest = new Date('2026-11-24T08:00:00Z');
    const { run } = await opened(single(lost('a/first'), oldest), ...ranges);
    const totals = [];
    for (let i = 0; i < 12; i++) totals.push((await run(SMALL)).totals.oldestOpen);
    expect(new Set(totals)).toEqual(new Set([oldest.getTime()]));
  });

  it('ends when its time is over, and is continued', async () => {
    const { memory, exchange } = await opened(...ranges);
    const service = { ...memory.service, exchange: exchange as never, now: () => NOW };
    let asked = 0;
    const isLate = () => ++asked > 3;
    const options = { graceMs: 0, recordsMs: 0, cursor: FIRST_CURSOR, daily: false, isLate };
    const { cursor, continued } = await findUnfinished(service, options);
    expect(exchange.calls).toBeLessThanOrEqual(4);
    expect(cursor.after).toBeDefined();
    expect(continued).toBe(1);
  });
});

it('a fleet of ordinary size needs one call for each thousand requests and outcomes, and no cursor', async () => {
  const places = Array.from({ length: 1000 }, (_, i) => `c${padded(i)}/cp-1`);
  const ranges = (prefix: string, end: string): ObjectRange => ({
    count: places.length * 12,
    key: (i) => `${prefix}/${places[Math.floor(i / 12)]}/r${padded(i % 12)}/kubelet.conf.${end}`,
    at: OLD,
  });
  const { run, exchange, cursor } = await opened(
    ranges('requests', 'csr'),
    ranges('certificates', 'crt'),
  );
  expect((await run()).woken).toEqual([]);
  expect(exchange.calls).toBeLessThanOrEqual(2 * 13);
  expect(cursor()).toMatchObject({ continued: {}, daily: false });
  expect(cursor().after).toBeUndefined();
});
