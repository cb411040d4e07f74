/** A flood of one node delays the others by less than a minute. flood.slow.test.ts has a far larger one. */
import { Random } from '../support/random.ts';
import { floodOf, MINUTE_MS, otherNodes, simulate } from './flood.ts';

const FLOOD = 5000;

it('5,000 requests of one node delay the requests of 60 others by less than a minute', async () => {
  const others = otherNodes(new Random(1), FLOOD);
  const undisturbed = await simulate(others);
  const disturbed = await simulate([...floodOf(FLOOD), ...others]);
  expect(undisturbed).toBeLessThan(MINUTE_MS);
  expect(disturbed - undisturbed).toBeLessThan(MINUTE_MS);
});
