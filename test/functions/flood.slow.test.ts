/** As flood.test.ts, with what one node uploads in a quarter of a minute, and without groups. */
import { Random } from '../support/random.ts';
import { floodOf, MINUTE_MS, otherNodes, simulate } from './flood.ts';

const FLOOD = 50_000;

it('50,000 requests of one node delay the requests of 60 others by less than a minute', async () => {
  const others = otherNodes(new Random(1), FLOOD);
  const undisturbed = await simulate(others);
  const disturbed = await simulate([...floodOf(FLOOD), ...others]);
  expect(undisturbed).toBeLessThan(MINUTE_MS);
  expect(disturbed - undisturbed).toBeLessThan(MINUTE_MS);
});

it('without groups the same flood would delay them by more than twenty minutes', async () => {
  const ungrouped = otherNodes(new Random(1), FLOOD).map((request) => ({
    ...request,
    key: `requests/c0/mallory/${request.key.replaceAll('/', '-')}/x.csr`,
  }));
  await expect(simulate([...floodOf(FLOOD), ...ungrouped])).rejects.toThrow('twenty minutes');
});
