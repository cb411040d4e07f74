/** What a run of reconcile does is bounded by calls, whatever is stored, and no node or cluster delays the others. */
import { FIRST_CURSOR, findUnfinished, SHARES } from '../../../lib/reconcile/find-unfinished.ts';
import { type ObjectRange, padded, single } from '../../support/lazy-store.ts';
import {
  clusters,
  flood,
  lost,
  NOW,
  OLD,
  OTHERS,
  opened,
  ranges,
  refused,
  SMALL,
  sparseOutcomes,
  sparseRequests,
  stray,
  unknownPaths,
} from './bounded.ts';

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

it('after its last key, a node is looked at from its first key again', async () => {
  const first = single('requests/flooded/mallory/-/kubelet.conf.csr', OLD);
  const { run } = await opened(first, { ...stray, count: 8000 });
  const runs = [];
  for (let i = 0; i < 4; i++) runs.push((await run()).woken.length);
  expect(runs).toEqual([1, 0, 1, 0]);
});

describe('a run that has used up its calls', () => {
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
  const rangeOf = (prefix: string, end: string): ObjectRange => ({
    count: places.length * 12,
    key: (i) => `${prefix}/${places[Math.floor(i / 12)]}/r${padded(i % 12)}/kubelet.conf.${end}`,
    at: OLD,
  });
  const { run, exchange, cursor } = await opened(
    rangeOf('requests', 'csr'),
    rangeOf('certificates', 'crt'),
  );
  expect((await run()).woken).toEqual([]);
  expect(exchange.calls).toBeLessThanOrEqual(2 * 13);
  expect(cursor()).toMatchObject({ continued: {}, daily: false });
  expect(cursor().after).toBeUndefined();
});
