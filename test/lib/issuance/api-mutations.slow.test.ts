/** As api-mutations.test.ts, with more objects. */
import { decideMutations, ISSUED_KEYS } from './api-mutations.ts';

it('10,000 objects: what is issued is for a node of the record, with its names, usages and key', async () => {
  const { found, issued } = await decideMutations(10_000);
  expect(found).toEqual([]);
  expect(new Set(issued)).toEqual(new Set(ISSUED_KEYS));
  expect(issued.length).toBeGreaterThan(1000);
});
