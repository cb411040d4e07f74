/** A run that is interrupted before or after any call to the bucket is resumed by the next one. */
import { EXIT } from '../../../../client/exit-codes.ts';
import type { ObjectStore } from '../../../../lib/store/object-store.ts';
import { bound, newest, useFleet } from '../../../support/fleet.ts';

const fleet = useFleet();
const newNode = fleet.newNode;

it('a run that is interrupted at any call is resumed, and nothing is requested twice', async () => {
  const node = await newNode();
  for (let calls = 1; ; calls += 1) {
    let left = calls;
    const spend = () => {
      left -= 1;
      if (left < 0) throw new Error('interrupted');
    };
    const interrupt = (exchange: ObjectStore): ObjectStore => ({
      ...bound(exchange),
      get: (...args) => {
        spend();
        return exchange.get(...args);
      },
      list: (...args) => {
        spend();
        return exchange.list(...args);
      },
      // the object is created, and the response is lost
      create: async (...args) => {
        const done = await exchange.create(...args);
        spend();
        return done;
      },
    });
    const run = await node.prepare({}, interrupt).catch((error: Error) => error);
    if (!(run instanceof Error)) break;
    expect(run.message).toBe('interrupted');
    expect(calls).toBeLessThan(100);
  }
  await node.approveAll((await node.prepare()).result);
  expect((await node.prepare()).exitCode).toBe(EXIT.done);
  const requests = await fleet.service.keys('exchange', `requests/${node.cluster}/`);
  expect(requests).toHaveLength(newest.csrs.length);
});
