/** A forwarder while thousands of CSRs come, and while the bucket is out of reach for long. */
import { Fault } from '../../../lib/fault.ts';
import type { NewCsr } from './api-server.ts';
import {
  BOOTSTRAP,
  clientCsr,
  eventsOf,
  flood,
  issue,
  newWorld,
  reject,
  rejectOne,
  requestIds,
  requests,
  start,
  userCsr,
} from './forwarder.ts';
import { World } from './world.ts';

describe('while something is missing', () => {
  it('S3 cannot be reached for 20 minutes: nothing is lost, and the log does not grow with the CSRs', async () => {
    const world = newWorld();
    issue(world);
    let isDown = true;
    world.exchange.interrupt = () => {
      if (isDown) throw new Fault('unavailable', 'S3 does not respond');
    };
    const { log, forwarder } = start(world);
    for (let i = 0; i < 100; i += 1) {
      world.api.addNode(`w-${i}`);
      world.api.createCsr(clientCsr(`w-${i}`));
    }
    await world.advance(20 * 60);
    expect(forwarder.health.unready()).toBe('S3 does not respond');
    expect(forwarder.health.unhealthy()).toBeUndefined();
    expect(log.filter((line) => line.includes('S3 does not')).length).toBeLessThan(25);
    const told = eventsOf(world, 'CertificatePending');
    expect(told).toHaveLength(100);
    for (const event of told)
      expect(event).toMatchObject({ message: expect.stringContaining('bucket cannot'), count: 1 });
    isDown = false;
    await world.advance(60);
    for (let i = 0; i < 100; i += 1) expect(world.api.certificate(`csr-w-${i}`)).toBeDefined();
    expect(forwarder.health.unready()).toBeUndefined();
  });
});

describe('a flood', () => {
  it.each<[title: string, real: NewCsr, options: { count?: number; isKnown?: boolean }]>([
    ['a node that renews', clientCsr('w-1'), { isKnown: true }],
    ['a node that joins again', clientCsr('w-1', BOOTSTRAP), { isKnown: true }],
    [
      'a node that joins with the same bootstrap token',
      clientCsr('w-1', BOOTSTRAP),
      { count: 5000 },
    ],
    ['a person', userCsr(), {}],
  ])('of CSRs with invented names does not delay %s', async (_, real, options) => {
    const { count = 1000, isKnown = false } = options;
    const world = new World();
    if (isKnown) world.api.addNode('w-1');
    issue(world);
    const { service } = world;
    world.service = (key) =>
      world.exchange.text(key)?.includes(`"${real.name}"`)
        ? service(key)
        : rejectOne(world, key, ['node-unknown']);
    const { forwarder } = start(world);
    flood(world, count);
    await world.advance(5);
    world.api.createCsr(real);
    await world.advance(10);
    expect(world.api.certificate(real.name)).toBeDefined();
    expect(requests(world).length).toBeLessThan(15 * 20 + 30);
    expect(world.exchange.calls.length).toBeLessThan(15 * 60 + 100);
    const [, tracked] = /cakeless_csrsigning_tracked (\d+)/.exec(forwarder.health.metrics()) ?? [];
    expect(Number(tracked)).toBeLessThanOrEqual(count + 1);
  });

  it('gets each name one attempt, and then few', async () => {
    const world = new World();
    reject(world, 'node-unknown');
    start(world);
    flood(world, 500);
    await world.advance(60);
    expect(new Set(requestIds(world).map((id) => id.split(/[/.]/)[1])).size).toBe(500);
    expect(requests(world).length).toBeLessThan(500 + 60 / 5);
    await world.advance(1800);
    expect(requests(world).length).toBeLessThan(500 + 1860 / 5 + 15);
    const events = world.api.calls.filter(({ path }) => path.includes('/events'));
    expect(events.length).toBeLessThan(2 * requests(world).length);
  });
});
