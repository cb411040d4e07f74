/** One node of a cluster restarts at a time; a node that dies does not delay the others for long. */
import {
  keepAlive,
  type LeaseDeps,
  MAX_LEASE_BYTES,
  takeLease,
} from '../../../../client/node/restart/lease.ts';
import { leaseKey } from '../../../../lib/contract/restart-lease.ts';
import { Fault } from '../../../../lib/fault.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { RunningService } from '../../../support/running-service.ts';

const KEY = leaseKey('prod');
const MINUTE = 60_000;
const stopped = { now: () => new Date(0), monotonic: () => 0, sleep: async () => {} };
const silent = { print: () => {}, progress: () => {} };

interface TakeOptions extends Partial<Omit<LeaseDeps, 'store'>> {
  readonly cluster?: string;
  readonly waitSeconds?: number;
}

const take = (
  store: LeaseDeps['store'],
  node: string,
  { cluster = 'prod', waitSeconds = 0, clock = stopped, terminal = silent }: TakeOptions = {},
) => takeLease({ store, clock, terminal }, { cluster, node, waitSeconds });

/** A bucket and a node whose clocks move together. */
function newBucket() {
  let ms = Date.parse('2026-11-26T12:00:00Z');
  const store = new MemoryStore();
  store.now = () => new Date(ms);
  const advance = (by: number) => {
    ms += by;
  };
  const clock = {
    now: () => new Date(ms),
    monotonic: () => ms,
    sleep: async (by: number) => advance(by),
  };
  const said: string[] = [];
  const terminal = { print: () => {}, progress: (line: string) => void said.push(line) };
  const writes = () => store.calls.filter(({ call }) => call === 'create' || call === 'replace');
  return { store, advance, deps: { clock, terminal }, said, writes };
}

async function mustTake(...args: Parameters<typeof take>) {
  const lease = await take(...args);
  if (!lease) throw new Error('another node holds the lease');
  return lease;
}

/** Over real HTTP, with the permissions of a node. */
describe('in the exchange bucket', () => {
  let service: RunningService;
  let node: string;

  beforeAll(async () => {
    service = await RunningService.start();
    const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
    for (const cluster of ['one', 'two', 'three'])
      node = (await service.declare(set, cluster)).node;
    await service.local.idle();
  });
  afterAll(() => service.close());

  const storeOf = (cluster: string) => service.store('exchange', `node:${cluster}/${node}`);

  it('the first node holds it, and the second gets it when it is released', async () => {
    const [store, cluster] = [storeOf('one'), 'one'];
    const first = await mustTake(store, 'cp-1', { cluster });
    expect(await take(store, 'cp-2', { cluster })).toBeUndefined();
    await first.extend();
    expect(await take(store, 'cp-2', { cluster })).toBeUndefined();
    await first.release();
    expect(await take(store, 'cp-2', { cluster })).toBeDefined();
  });

  it('one of many concurrent nodes takes it, whether it is new or was released', async () => {
    const [store, cluster] = [storeOf('two'), 'two'];
    for (const _state of ['new', 'released']) {
      const nodes = Array.from({ length: 8 }, (_, i) => `cp-${i}`);
      const held = await Promise.all(nodes.map((name) => take(store, name, { cluster })));
      const winners = held.filter((lease) => lease !== undefined);
      expect(winners).toHaveLength(1);
      await winners[0]?.release();
    }
  });

  it('an object that is larger than a lease is left alone', async () => {
    const [store, cluster] = [storeOf('three'), 'three'];
    const text = `{"schema":1,"holder":null,"id":"${'x'.repeat(MAX_LEASE_BYTES)}","seconds":1}`;
    await service.store('exchange').put(leaseKey(cluster), text, 'application/json');
    expect(await take(store, 'cp-1', { cluster })).toBeUndefined();
    expect(await service.text('exchange', leaseKey(cluster))).toBe(text);
  });

  it('a node cannot write it unconditionally, remove it, or touch the lease of another cluster', async () => {
    const store = storeOf('one');
    const key = leaseKey('one');
    await expect(store.put(key, '{}', 'application/json')).rejects.toThrow('AccessDenied');
    await expect(store.remove(key)).rejects.toThrow('AccessDenied');
    await expect(take(store, 'cp-1', { cluster: 'two' })).rejects.toThrow('AccessDenied');
  });
});

describe('expiry', () => {
  it("another node can take an expired lease, and the old holder's next extend fails", async () => {
    const { store, advance } = newBucket();
    const first = await mustTake(store, 'cp-1');
    advance(10 * MINUTE - 1);
    expect(await take(store, 'cp-2')).toBeUndefined();
    advance(1);
    expect(await take(store, 'cp-2')).toBeDefined();
    await expect(first.extend()).rejects.toThrow('the restart lease went to another node');
    await first.release(); // leaves the lease of the other node as it is
    expect(store.json(KEY)).toMatchObject({ holder: 'cp-2' });
    expect(await take(store, 'cp-1')).toBeUndefined();
  });

  it('only one of two nodes that find an expired lease takes it', async () => {
    const { store, advance } = newBucket();
    await mustTake(store, 'cp-1');
    advance(10 * MINUTE);
    const held = await Promise.all([take(store, 'cp-2'), take(store, 'cp-3')]);
    expect(held.filter((lease) => lease !== undefined)).toHaveLength(1);
  });

  it('a lease that its holder renews in time is never taken by a node that read it before', async () => {
    const { store, advance } = newBucket();
    const first = await mustTake(store, 'cp-1');
    advance(10 * MINUTE);
    let renewed: Promise<void> | undefined;
    store.interrupt = (point) => {
      if (point === 'after get') renewed ??= first.extend();
    };
    // Gets its turn between the read of cp-2 and the write of cp-2.
    const slow = {
      ...bindings(store),
      get: async (...args: Parameters<MemoryStore['get']>) => {
        const object = await store.get(...args);
        await renewed;
        return object;
      },
    };
    expect(await take(slow, 'cp-2')).toBeUndefined();
    await first.extend();
    expect(store.json(KEY)).toMatchObject({ holder: 'cp-1' });
  });

  it.each([
    [
      'a lease that claims to be valid for a year',
      '{"schema":1,"holder":"cp-9","id":"x","seconds":31536000}',
      'cp-9',
    ],
    ['a lease that is not JSON', 'garbage', 'an unknown node'],
    ['an empty lease', '', 'an unknown node'],
    [
      'a lease of a later schema',
      '{"schema":2,"holder":"cp-9","id":"x","seconds":1}',
      'an unknown node',
    ],
    ['a lease without id', '{"schema":1,"holder":null,"seconds":1}', 'an unknown node'],
    [
      'a lease whose seconds are not a number',
      '{"schema":1,"holder":"cp-9","id":"x","seconds":"1"}',
      'an unknown node',
    ],
    ['a lease that is not UTF-8', Uint8Array.from([0xff, 0xfe, 0x00]), 'an unknown node'],
    ['a lease of a megabyte', ' '.repeat(1024 * 1024), 'an unknown node'],
    ['a lease that is nested deeply', '['.repeat(MAX_LEASE_BYTES), 'an unknown node'],
  ])('%s is held until its last write is 15 minutes old, then taken', async (_, body, holder) => {
    const { store, advance, deps, said } = newBucket();
    store.seed(KEY, body);
    advance(15 * MINUTE - 1);
    expect(await take(store, 'cp-1')).toBeUndefined();
    expect(await take(store, 'cp-1', { ...deps, waitSeconds: 1 })).toBeDefined();
    expect(said).toEqual([`waiting for ${holder} to finish restarting its components (up to 1s)`]);
    expect(store.json(KEY)).toMatchObject({ holder: 'cp-1' });
  });

  describe('a lease that its writer made unreadable, by a storage class or encryption', () => {
    const makeUnreadable = (store: MemoryStore, text = 'in an archive') => {
      store.seed(KEY, text);
      store.unreadable.set(KEY, 'it is archived');
    };

    it('is held until its last write is 15 minutes old, then replaced', async () => {
      const { store, advance, deps, said } = newBucket();
      makeUnreadable(store);
      advance(15 * MINUTE - 1);
      expect(await take(store, 'cp-1')).toBeUndefined();
      store.interrupt = (point) => {
        if (point === 'after replace') store.unreadable.clear();
      };
      const lease = await mustTake(store, 'cp-1', { ...deps, waitSeconds: 1 });
      expect(said[0]).toBe(
        'waiting for an unknown node to finish restarting its components (up to 1s)',
      );
      await lease.extend();
      expect(store.json(KEY)).toMatchObject({ holder: 'cp-1' });
    });

    it('that is written again and again delays a run, but does not hang it', async () => {
      const { store, deps, writes } = newBucket();
      makeUnreadable(store);
      let writing = 0;
      const sleep = async (ms: number) => {
        await deps.clock.sleep(ms);
        writing += 1;
        makeUnreadable(store, `in an archive ${writing}`);
      };
      const waitSeconds = 16 * 60;
      const clock = { ...deps.clock, sleep };
      const started = clock.monotonic();
      const taken = await take(store, 'cp-1', { ...deps, clock, waitSeconds });
      expect([taken, clock.monotonic() - started]).toEqual([undefined, waitSeconds * 1000]);
      expect(writes()).toHaveLength(1);
    });

    it('does not become free for a second node when it replaces the lease of a first', async () => {
      const { store, deps } = newBucket();
      const first = await mustTake(store, 'cp-1', deps);
      makeUnreadable(store);
      expect(await take(store, 'cp-2', { ...deps, waitSeconds: 14 * 60 })).toBeUndefined();
      await expect(first.extend()).rejects.toThrow('the restart lease went to another node');
      await first.release();
      expect(store.text(KEY)).toBe('in an archive');
    });

    it('is taken by one of two nodes', async () => {
      const { store, advance } = newBucket();
      makeUnreadable(store);
      advance(15 * MINUTE);
      const held = await Promise.all(['cp-1', 'cp-2'].map((node) => take(store, node)));
      expect(held.filter((lease) => lease !== undefined)).toHaveLength(1);
    });
  });

  it('one garbage write does not let two nodes hold the lease', async () => {
    const { store, advance, deps } = newBucket();
    const first = await mustTake(store, 'cp-1', deps);
    store.seed(KEY, 'garbage');
    expect(await take(store, 'cp-2', { ...deps, waitSeconds: 14 * 60 })).toBeUndefined();
    await expect(first.extend()).rejects.toThrow('the restart lease went to another node');
    advance(2 * MINUTE);
    expect(await take(store, 'cp-2')).toBeDefined();
    await expect(first.extend()).rejects.toThrow('the restart lease went to another node');
  });

  it('at most 4 KiB of it are read', async () => {
    const { store } = newBucket();
    store.seed(KEY, '{"schema":1,"holder":null,"id":"x","seconds":1}');
    const asked: number[] = [];
    const watched = {
      ...bindings(store),
      get: (key: string, maxBytes: number) => {
        asked.push(maxBytes);
        return store.get(key, maxBytes);
      },
    };
    await (await mustTake(watched, 'cp-1')).extend();
    expect(new Set(asked)).toEqual(new Set([4096]));
  });

  it('a holder with control characters in its name is shown without them', async () => {
    const { store, deps, said } = newBucket();
    store.seed(KEY, JSON.stringify({ schema: 1, holder: '\u001b[2Jroot\n', id: 'x', seconds: 60 }));
    expect(await take(store, 'cp-1', { ...deps, waitSeconds: 1 })).toBeUndefined();
    expect(said[0]).toBe(
      'waiting for \\u001b[2Jroot\\u000a to finish restarting its components (up to 1s)',
    );
  });

  it('an interrupted run of the same node does not delay the next one', async () => {
    const { store } = newBucket();
    await mustTake(store, 'cp-1');
    expect(await take(store, 'cp-1')).toBeDefined();
  });

  it('a wait that is too short does not take the lease, and names the node that holds it', async () => {
    const { store, deps, said, writes } = newBucket();
    await mustTake(store, 'cp-1');
    expect(await take(store, 'cp-2', { ...deps, waitSeconds: 12 })).toBeUndefined();
    expect(said).toEqual(['waiting for cp-1 to finish restarting its components (up to 12s)']);
    expect(writes()).toHaveLength(2); // both are create
  });

  it('a long wait says every minute that it is still waiting, and ends', async () => {
    const { store, deps, said, writes } = newBucket();
    await mustTake(store, 'cp-1');
    // a control plane that lies: it renews its lease forever, and never restarts anything
    const lie = {
      ...deps.clock,
      sleep: async (ms: number) => {
        await deps.clock.sleep(ms);
        store.seed(KEY, `{"schema":1,"holder":"cp-1","id":"${ms}","seconds":900}`);
      },
    };
    const waitSeconds = 16 * 60;
    expect(await take(store, 'cp-2', { ...deps, clock: lie, waitSeconds })).toBeUndefined();
    expect(said).toEqual(
      Array.from(
        { length: 16 },
        (_, i) => `waiting for cp-1 to finish restarting its components (up to ${16 - i}m)`,
      ),
    );
    expect(writes()).toHaveLength(2);
  });
});

it('a lease that is removed during a wait can be taken', async () => {
  const { store, deps } = newBucket();
  await mustTake(store, 'cp-1');
  const sleep = async () => store.remove(KEY);
  const clock = { ...deps.clock, sleep };
  expect(await take(store, 'cp-2', { clock, waitSeconds: 60 })).toBeDefined();
  expect(store.json(KEY)).toMatchObject({ holder: 'cp-2' });
});

describe('renewal', () => {
  it('survives an S3 that does not respond for as long as the last write is valid', async () => {
    const { store, advance, deps, said } = newBucket();
    const lease = await mustTake(store, 'cp-1', deps);
    advance(8 * MINUTE);
    await lease.extend();
    store.interrupt = (point) => {
      if (point.startsWith('before')) throw new Error('no answer');
    };
    advance(8 * MINUTE);
    await lease.extend();
    expect(said).toEqual([
      'could not renew the restart lease, which is valid for another 60s: no answer',
    ]);
    advance(MINUTE);
    await expect(lease.extend()).rejects.toThrow('no answer');
    await lease.release();
    expect(said.at(-1)).toBe(
      'could not release the restart lease, which expires within 10m: no answer',
    );
  });

  it('counts a write whose response was lost, and whose retry failed with "changed"', async () => {
    const { store, advance, deps } = newBucket();
    const lease = await mustTake(store, 'cp-1', deps);
    const replace = jest.spyOn(store, 'replace').mockImplementation(async (...args) => {
      await MemoryStore.prototype.replace.apply(store, args);
      return 'changed';
    });
    advance(8 * MINUTE);
    await lease.extend();
    replace.mockRestore();
    advance(8 * MINUTE);
    expect(await take(store, 'cp-2')).toBeUndefined();
    await lease.extend();
  });

  it('happens every minute of a wait, one write at a time, each with another ETag', async () => {
    const { store, advance, deps, writes } = newBucket();
    const eTags = new Set<string>();
    store.interrupt = (point) => {
      if (point === 'after replace') eTags.add(store.text(KEY) ?? '');
    };
    const lease = await mustTake(store, 'cp-1', deps);
    const keep = keepAlive(lease, deps.clock);
    for (let second = 0; second < 30 * 60; second += 1) {
      advance(1000);
      keep();
    }
    await Promise.all([lease.extend(), lease.extend()]);
    expect(writes()).toHaveLength(1 + 30 + 2);
    expect(eTags.size).toBe(30 + 2);
    await lease.release();
    expect(await take(store, 'cp-2')).toBeDefined();
  });
});

it('a node that is not a control plane is told so', async () => {
  const { store } = newBucket();
  const create = async () => {
    throw new Fault('not-allowed', 'S3 PutObject: AccessDenied');
  };
  await expect(take({ ...bindings(store), create }, 'worker-1')).rejects.toMatchObject({
    code: 'denied',
    message:
      'this node may not take the restart lease of cluster prod, which only control planes may: S3 PutObject: AccessDenied',
  });
});

const bindings = (store: MemoryStore): LeaseDeps['store'] => ({
  get: (...args) => store.get(...args),
  create: (...args) => store.create(...args),
  replace: (...args) => store.replace(...args),
});
