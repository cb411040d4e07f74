/** One node of a cluster restarts at a time; who died holds up nobody for long. Over real HTTP, with a node's rights. */
import type { S3Client } from '@aws-sdk/client-s3';
import { LOCAL_BUCKETS } from '../../../../client/local-service.ts';
import { keepAlive, takeLease } from '../../../../client/node/restart/lease.ts';
import { type LeaseObject, S3LeaseObject } from '../../../../lib/aws/s3-lease-object.ts';
import { leaseKey } from '../../../../lib/contract/restart-lease.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { RunningService } from '../../../support/running-service.ts';

let service: RunningService;
let principal: string;
const clock = { now: () => new Date(0), monotonic: () => 0, sleep: async () => {} };
const silent = { print: () => {}, progress: () => {} };

beforeAll(async () => {
  service = await RunningService.start();
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  for (const cluster of ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'])
    principal = `node:one/${(await service.declare(set, cluster)).node}`;
  await service.local.idle();
});
afterAll(() => service.close());

const object = (cluster: string, as = principal.replace('one/', `${cluster}/`)) =>
  new S3LeaseObject(service.s3(as), LOCAL_BUCKETS.exchange, leaseKey(cluster));
const take = (cluster: string, node: string, from: LeaseObject = object(cluster)) =>
  takeLease(from, node, 0, clock, silent);
/** As S3 would tell of it later. */
const later = (inner: LeaseObject, ageMs: number): LeaseObject => ({
  read: async () => {
    const state = await inner.read();
    return state && { ...state, ageMs };
  },
  write: (text, over) => inner.write(text, over),
});

it('the first one has it, the second waits until it is given back', async () => {
  const first = await take('one', 'cp-1');
  expect(await take('one', 'cp-2')).toBeUndefined();
  await first?.extend();
  expect(await take('one', 'cp-2')).toBeUndefined();
  await first?.release();
  expect(await take('one', 'cp-2')).toBeDefined();
});

it('of many at once one has it', async () => {
  const nodes = Array.from({ length: 8 }, (_, i) => `cp-${i}`);
  const held = await Promise.all(nodes.map((node) => take('two', node)));
  expect(held.filter((lease) => lease !== undefined)).toHaveLength(1);
});

it('it ends by itself, and who held it is told when going on', async () => {
  const first = await take('three', 'cp-1');
  expect(await take('three', 'cp-2', later(object('three'), 599_000))).toBeUndefined();
  expect(await take('three', 'cp-2', later(object('three'), 600_000))).toBeDefined();
  await expect(first?.extend()).rejects.toThrow('went to another node');
  await first?.release(); // takes nothing from the other
  expect(await take('three', 'cp-1')).toBeUndefined();
});

it.each([
  [
    'a holder who claims a year',
    '{"schema":1,"holder":"cp-9","id":"x","seconds":31536000}',
    900_000,
  ],
  ['what is no lease', 'garbage', 0],
])('%s holds up nobody', async (_, text, ageMs) => {
  const admin = service.store('exchange');
  await admin.put(leaseKey('four'), text, 'application/json');
  expect(await take('four', 'cp-1', later(object('four'), ageMs))).toBeDefined();
});

it('a run of the same node that was cut off does not hold up the next', async () => {
  await take('five', 'cp-1');
  expect(await take('five', 'cp-1')).toBeDefined();
});

it('a node can neither write it unconditionally, nor remove it, nor touch another cluster’s', async () => {
  const store = service.store('exchange', principal);
  const key = leaseKey('one');
  await expect(store.put(key, '{}', 'application/json')).rejects.toThrow('AccessDenied');
  await expect(store.remove(key)).rejects.toThrow('AccessDenied');
  await expect(take('two', 'cp-1', object('two', principal))).rejects.toThrow('AccessDenied');
});

it('age is told by the clock of S3', async () => {
  await take('six', 'cp-1');
  const s3: S3Client = service.s3();
  const lease = new S3LeaseObject(s3, LOCAL_BUCKETS.exchange, leaseKey('six'));
  const state = await lease.read();
  expect(state?.ageMs).toBeGreaterThan(-2000);
  expect(state?.ageMs).toBeLessThan(120_000);
});

/** Minutes that pass when the test says so, and an S3 that answers when it says so. */
async function takeWithWatch(cluster: string) {
  const watch = { minutes: 0, isReachable: true, writes: 0, said: [] as string[] };
  const inner = object(cluster);
  const reach = () => {
    if (!watch.isReachable) throw new Error('no answer');
  };
  const watched: LeaseObject = {
    read: async () => {
      reach();
      return inner.read();
    },
    write: async (text, over) => {
      reach();
      watch.writes += 1;
      return inner.write(text, over);
    },
  };
  const time = { ...clock, monotonic: () => watch.minutes * 60_000 };
  const terminal = { ...silent, progress: (line: string) => void watch.said.push(line) };
  const lease = await takeLease(watched, 'cp-1', 0, time, terminal);
  if (!lease) throw new Error('not taken');
  return { watch, lease, keep: keepAlive(lease, time) };
}

it('an S3 that does not answer is passed over as long as the last write holds', async () => {
  const { watch, lease } = await takeWithWatch('seven');
  watch.minutes = 8;
  await lease.extend();
  watch.isReachable = false;
  watch.minutes = 16;
  await lease.extend();
  expect(watch.said).toEqual(['the restart lease holds for 60 seconds more: no answer']);
  watch.minutes = 17;
  await expect(lease.extend()).rejects.toThrow('no answer');
  await lease.release();
  expect(watch.said.at(-1)).toContain('ends by itself');
});

it('it is written again each minute of a wait, and by one writer at a time', async () => {
  const { watch, lease, keep } = await takeWithWatch('eight');
  for (let look = 0; look <= 30 * 60; look += 1) {
    watch.minutes = look / 60;
    keep();
  }
  await Promise.all([lease.extend(), lease.extend()]);
  expect(watch.writes).toBe(1 + 30 + 2);
  await lease.release();
  expect(await take('eight', 'cp-2')).toBeDefined();
});
