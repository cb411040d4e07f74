/** Runs of reconcile over many clusters and nodes, one after another. */
import { RESERVED_NODE_NAMES } from '../../../lib/contract/request-kinds.ts';
import { SHARES } from '../../../lib/reconcile/find-unfinished.ts';
import { padded, single } from '../../support/lazy-store.ts';
import {
  clusters,
  flood,
  lost,
  MILLIONS,
  OLD,
  OTHERS,
  opened,
  ranges,
  SMALL,
  stray,
  unknownPaths,
} from './bounded.ts';

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
});
