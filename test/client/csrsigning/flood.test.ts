/**
 * How long a node waits behind thousands of CSRs with invented names, if each call takes its time and the service decides
 * one request after another, as on a machine that is overloaded.
 */
import { clientCsr, SlowWorld, SOON_MS, waitsInFlood } from './flood.ts';

/** Far fewer than in flood.slow.test.ts, and still more than a forwarder asks about in the time that a node may wait. */
const FLOOD = 400;

it(`${FLOOD} CSRs with invented names do not delay nodes by ten seconds`, async () => {
  expect(await waitsInFlood(FLOOD, 1)).toEqual([]);
});

/** More than may be awaited of nodes that speak for themselves. */
const EXISTING = 600;

it(`a stolen token that names ${EXISTING} nodes that exist does not delay nodes by ten seconds`, async () => {
  const world = new SlowWorld();
  world.begin();
  const stolen = { username: 'system:bootstrap:stolen', groups: ['system:bootstrappers'] };
  for (let i = 0; i < EXISTING; i += 1) {
    world.api.addNode(`w-${i}`);
    // the budget of a token is soon used up; then this is a rejection, too
    world.api.createCsr({ ...clientCsr(`w-${i}`, stolen), name: `invented-${i}` });
  }
  await world.advance(20);
  const took = {
    renewal: await world.msUntilIssued(clientCsr('w-1', {}), 20),
    'first certificate of a node that exists, with another token': await world.msUntilIssued(
      clientCsr('w-2'),
      20,
    ),
  };
  expect(Object.entries(took).filter(([, ms]) => ms >= SOON_MS)).toEqual([]);
});
