/** Counting by compare-and-set: repeats, races between processes, kills, and what is refused stays refused. */
import { type Claim, expectClaim } from '../../../lib/budget/claim.ts';
import type { BudgetBucket } from '../../../lib/budget/compare-and-set.ts';
import { clusterBudgetKey, nodeBudgetKey } from '../../../lib/contract/day-budget.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const NOON = new Date('2026-11-24T12:00:00Z');
const DAY_MS = 24 * 60 * 60 * 1000;
const MANY = { requests: 1000, certificates: 1000 };

interface Asked {
  readonly id: number;
  readonly node?: string;
  readonly certificate?: boolean;
  readonly uploaded?: Date;
  readonly requests?: number;
  readonly certificates?: number;
  readonly cluster?: Claim['limits']['cluster'];
}

function asked({ id, node = 'cp-1', certificate = true, uploaded = NOON, ...limits }: Asked) {
  const { requests = 1000, certificates = 1000, cluster = MANY } = limits;
  return {
    address: { key: `requests/prod/${node}/r${id}/kubelet.conf.csr`, cluster: 'prod' },
    holder: node,
    uploaded,
    certificate,
    limits: { node: { requests, certificates }, cluster },
  };
}

const KEY = nodeBudgetKey('prod', 'cp-1', '2026-11-24');
const CLUSTER_KEY = clusterBudgetKey('prod', '2026-11-24');

/** Another process, which shares no counters in memory with the others. */
const processOf = (store: MemoryStore): BudgetBucket => ({
  get: (key, most) => store.get(key, most),
  create: (key, body, type) => store.create(key, body, type),
  replace: (key, body, type, eTag) => store.replace(key, body, type, eTag),
});

function opened() {
  const store = new MemoryStore();
  const here = processOf(store);
  const counted = () => {
    const { requests = [], certificates = [] } = (store.json(KEY) ?? {}) as Record<
      string,
      string[]
    >;
    return { requests: requests.length, certificates: certificates.length };
  };
  return {
    store,
    counted,
    ask: (one: Asked, from = here, now = NOON) => {
      const claim = asked(one);
      return expectClaim(from, 'prod', claim.holder, now).claim(claim);
    },
  };
}

it('counts up to the limit, and says which one was exceeded', async () => {
  const { ask, counted } = opened();
  const results = [];
  for (let id = 0; id < 5; id++) results.push(await ask({ id, certificates: 3 }));
  expect(results.slice(0, 3)).toEqual([undefined, undefined, undefined]);
  expect(results[3]).toEqual({ of: 'node', what: 'certificates', limit: 3 });
  expect(counted()).toEqual({ requests: 3, certificates: 3 });
});

it('a rejected request counts as a request only', async () => {
  const { ask, counted } = opened();
  for (let id = 0; id < 3; id++) await ask({ id, certificate: false });
  expect(counted()).toEqual({ requests: 3, certificates: 0 });
  expect(await ask({ id: 9, certificate: false, requests: 3 })).toEqual({
    of: 'node',
    what: 'requests',
    limit: 3,
  });
});

it('a request that is processed ten times counts once', async () => {
  const { store, ask, counted } = opened();
  for (let i = 0; i < 5; i++) await ask({ id: 1 });
  await Promise.all(Array.from({ length: 5 }, () => ask({ id: 1 }, processOf(store))));
  expect(counted()).toEqual({ requests: 1, certificates: 1 });
});

it('a batch of ten requests of a node is counted together', async () => {
  const { store, ask } = opened();
  await Promise.all(Array.from({ length: 10 }, (_, id) => ask({ id })));
  const writes = store.calls.filter(({ call, key }) => call !== 'get' && key === KEY);
  expect(writes.length).toBeLessThanOrEqual(2);
});

it('processes that count at the same time never exceed a limit together', async () => {
  const { store, ask, counted } = opened();
  const processes = Array.from({ length: 5 }, () => processOf(store));
  const results = await Promise.all(
    processes.flatMap((from, p) =>
      Array.from({ length: 10 }, (_, i) =>
        ask({ id: 10 * p + i, requests: 20, certificates: 20 }, from),
      ),
    ),
  );
  expect(results.filter((exceeded) => exceeded === undefined)).toHaveLength(20);
  expect(counted()).toEqual({ requests: 20, certificates: 20 });
});

describe('what is refused stays refused', () => {
  it('for every later run, even if the limit is raised', async () => {
    const { ask } = opened();
    await ask({ id: 1, requests: 1 });
    expect(await ask({ id: 2, requests: 1 })).toBeDefined();
    expect(await ask({ id: 2, requests: 500 })).toEqual({ of: 'closed', what: 'requests' });
  });

  it('for every later day, while the counters exist and after they are deleted', async () => {
    const { store, ask } = opened();
    await ask({ id: 1, requests: 1 });
    await ask({ id: 2, requests: 1 });
    for (let day = 1; day < 20; day++) {
      if (day === 8) store.objects.clear(); // the lifecycle rule
      const now = new Date(NOON.getTime() + day * DAY_MS);
      expect(await ask({ id: 2 }, processOf(store), now)).toBeDefined();
    }
  });

  it('but what is uploaded after the limit was raised counts', async () => {
    const { ask } = opened();
    await ask({ id: 1, requests: 1 });
    await ask({ id: 2, requests: 1 });
    const uploaded = new Date(NOON.getTime() + 1000);
    expect(await ask({ id: 3, requests: 2, uploaded })).toBeUndefined();
  });

  it('and what was counted stays counted', async () => {
    const { ask } = opened();
    await ask({ id: 1, requests: 1 });
    await ask({ id: 2, requests: 1 });
    const later = new Date(NOON.getTime() + 7 * DAY_MS);
    expect(await ask({ id: 1, requests: 1 })).toBeUndefined();
    expect(await ask({ id: 1, requests: 1 }, undefined, later)).toBeUndefined();
  });

  it('a run learns of a refusal only after it is stored', async () => {
    const { store, ask } = opened();
    await ask({ id: 1, requests: 1 });
    store.interrupt = (point) => {
      if (point === 'before replace') throw new Error('killed');
    };
    await expect(ask({ id: 2, requests: 1 })).rejects.toThrow('killed');
    store.interrupt = () => {};
    expect(await ask({ id: 2, requests: 2 })).toBeUndefined();
  });

  it('a request older than the counters is refused, and the refusal is stored', async () => {
    const { store, ask } = opened();
    const now = new Date(NOON.getTime() + 7 * DAY_MS);
    expect(await ask({ id: 1 }, undefined, now)).toEqual({ of: 'age', days: 6 });
    // a run whose clock is behind
    expect(await ask({ id: 1 }, processOf(store), NOON)).toEqual({
      of: 'closed',
      what: 'requests',
    });
  });
});

it('requests of one day do not count for the next', async () => {
  const { ask } = opened();
  await ask({ id: 1, requests: 1 });
  const uploaded = new Date('2026-11-25T00:00:00Z');
  expect(await ask({ id: 2, requests: 1, uploaded }, undefined, uploaded)).toBeUndefined();
});

describe('killed at any point', () => {
  it.each(Array.from({ length: 12 }, (_, i) => i + 1))(
    'call %i: the next run counts the request once',
    async (point) => {
      const { store, ask, counted } = opened();
      let reached = 0;
      store.interrupt = () => {
        reached += 1;
        if (reached === point) throw new Error('killed');
      };
      await ask({ id: 1 }).catch(() => {});
      store.interrupt = () => {};
      expect(await ask({ id: 1 }, processOf(store))).toBeUndefined();
      expect(counted()).toEqual({ requests: 1, certificates: 1 });
    },
  );
});

it('a write that conflicts with its own earlier attempt counts as done', async () => {
  const { store, ask, counted } = opened();
  const retried = processOf(store);
  let first = true;
  retried.create = async (...args) => {
    const result = await store.create(...args);
    if (!first || args[0] !== KEY) return result;
    first = false;
    return 'exists'; // the SDK repeated a call whose response was lost
  };
  expect(await ask({ id: 1 }, retried)).toBeUndefined();
  expect(counted()).toEqual({ requests: 1, certificates: 1 });
});

describe('the requests of a batch', () => {
  const batch = (bucket: BudgetBucket, size: number, cluster = MANY) =>
    Array.from({ length: size }, (_, id) => {
      const one = asked({ id, cluster });
      return { one, expected: expectClaim(bucket, 'prod', one.holder, NOON) };
    });

  it('are counted with one read and one write of each counter', async () => {
    const { store, counted } = opened();
    const results = await Promise.all(
      batch(store, 10).map(({ one, expected }) => expected.claim(one)),
    );
    expect(results).toEqual(Array(10).fill(undefined));
    expect(counted()).toEqual({ requests: 10, certificates: 10 });
    const calls = store.calls.map(({ call, key }) => `${call} ${key}`);
    expect(calls.sort()).toEqual(
      ['create', 'get'].flatMap((call) => [CLUSTER_KEY, KEY].map((key) => `${call} ${key}`)),
    );
    expect(store.json(CLUSTER_KEY)).toEqual({ drawn: { requests: 10, certificates: 10 } });
  });

  it('share what the cluster has left', async () => {
    const { store } = opened();
    const results = await Promise.all(
      batch(store, 10, { requests: 7, certificates: 4 }).map(({ one, expected }) =>
        expected.claim(one),
      ),
    );
    expect(results.filter((exceeded) => exceeded === undefined)).toHaveLength(4);
    expect(results.at(-1)).toEqual({ of: 'closed', what: 'certificates' });
  });

  it('do not wait for one that was withdrawn', async () => {
    const { store } = opened();
    const [first, second] = batch(store, 2);
    const claimed = first?.expected.claim(first.one);
    second?.expected.withdraw();
    expect(await claimed).toBeUndefined();
  });

  it('are counted together if only their objects say whose they are', async () => {
    const { store } = opened();
    const claims = Array.from({ length: 10 }, (_, id) => {
      const expected = expectClaim(store, 'prod', undefined, NOON);
      expected.countsFor('cp-1');
      return { one: asked({ id }), expected };
    });
    await Promise.all(claims.map(({ one, expected }) => expected.claim(one)));
    expect(store.calls.filter(({ key }) => key === KEY)).toHaveLength(2);
  });

  it('do not wait for one that was withdrawn before it was known whose it is', async () => {
    const { store } = opened();
    const [first] = batch(store, 1);
    const late = expectClaim(store, 'prod', undefined, NOON);
    late.withdraw();
    late.countsFor('cp-1');
    expect(await first?.expected.claim(first.one)).toBeUndefined();
  });

  it('do not wait for one that was uploaded on another day, which has its own counter', async () => {
    const { store } = opened();
    const [first, second] = batch(store, 2);
    const claimed = first?.expected.claim(first.one);
    const yesterday = new Date(NOON.getTime() - DAY_MS);
    expect(await second?.expected.claim(asked({ id: 2, uploaded: yesterday }))).toBeUndefined();
    expect(await claimed).toBeUndefined();
    expect(store.objects.has(nodeBudgetKey('prod', 'cp-1', '2026-11-23'))).toBe(true);
  });

  it('are counted correctly if another process has changed the counter since it was read', async () => {
    const { store, ask, counted } = opened();
    const [first] = batch(store, 1);
    await new Promise((resolve) => setImmediate(resolve));
    await ask({ id: 7 }, processOf(store));
    expect(await first?.expected.claim(first.one)).toBeUndefined();
    expect(counted()).toEqual({ requests: 2, certificates: 2 });
  });
});

describe('the counter of names that no record knows', () => {
  const UNKNOWN = nodeBudgetKey('prod', 'csr', '2026-11-24');
  const unknown = (id: number) => ({
    ...asked({ id, node: 'csr', certificate: false, requests: 3 }),
    limits: { node: { requests: 3, certificates: 3 }, cluster: undefined },
  });

  it('has its own limit, and takes nothing from the budget of the cluster', async () => {
    const { store, ask } = opened();
    const results = [];
    for (let id = 0; id < 5; id++)
      results.push(await expectClaim(store, 'prod', 'csr', NOON).claim(unknown(id)));
    expect(results.map((exceeded) => exceeded?.of)).toEqual([
      undefined,
      undefined,
      undefined,
      'node',
      'node',
    ]);
    expect(store.json(UNKNOWN)).toMatchObject({ drawn: { requests: 0, certificates: 0 } });
    expect(store.objects.has(CLUSTER_KEY)).toBe(false);
    const few = { requests: 1, certificates: 1 };
    expect(await ask({ id: 9, node: 'w-1', cluster: few })).toBeUndefined();
  });
});

describe('the budget of a cluster', () => {
  const cluster = { requests: 10, certificates: 6 };

  it('is shared by its nodes, whatever their names', async () => {
    const { ask } = opened();
    const results = [];
    for (let id = 0; id < 10; id++)
      results.push(await ask({ id, node: `n${id}`, certificate: false, cluster }));
    // each node draws two at once
    expect(results.filter((exceeded) => exceeded === undefined)).toHaveLength(5);
    expect(results.at(-1)).toEqual({ of: 'cluster', what: 'requests', limit: 10 });
  });

  it('is drawn from a few times, not at each request', async () => {
    const { store, ask } = opened();
    for (let id = 0; id < 100; id++) await ask({ id });
    const draws = store.calls.filter(({ call, key }) => call !== 'get' && key === CLUSTER_KEY);
    expect(draws.length).toBeLessThanOrEqual(7);
    expect(store.json(CLUSTER_KEY)).toEqual({ drawn: { requests: 128, certificates: 128 } });
  });

  it('is never exceeded by processes that draw at the same time', async () => {
    const { store, ask } = opened();
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, id) =>
        ask({ id, node: `n${id % 8}`, cluster }, processOf(store)),
      ),
    );
    const admitted = results.filter((exceeded) => exceeded === undefined).length;
    expect(admitted).toBeGreaterThan(0);
    expect(admitted).toBeLessThanOrEqual(cluster.certificates);
    const { drawn } = store.json(CLUSTER_KEY) as { drawn: typeof cluster };
    expect(drawn.requests).toBeLessThanOrEqual(cluster.requests);
    expect(drawn.certificates).toBeLessThanOrEqual(cluster.certificates);
  });

  it('refuses forever what it refuses once', async () => {
    const { ask } = opened();
    const none = { requests: 2, certificates: 2 };
    await ask({ id: 1, node: 'other', cluster: none });
    expect(await ask({ id: 2, cluster: none })).toMatchObject({ of: 'cluster' });
    expect(await ask({ id: 2, cluster: MANY })).toEqual({ of: 'closed', what: 'requests' });
  });
});

it('a malformed counter is a fault, not a budget', async () => {
  const { store, ask } = opened();
  store.seed(KEY, '{}');
  await expect(ask({ id: 1 })).rejects.toMatchObject({ code: 'document-malformed' });
});

it('a counter that others never stop changing is a transient fault', async () => {
  const { store, ask } = opened();
  const contended = processOf(store);
  contended.create = async () => 'exists';
  await expect(ask({ id: 1 }, contended)).rejects.toMatchObject({ code: 'unavailable' });
});
