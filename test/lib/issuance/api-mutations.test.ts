/** Whatever a forwarder uploads, what is issued is harmless. api-mutations.slow.test.ts has more of the same. */
import { decideMutations, ISSUED_KEYS } from './api-mutations.ts';

it('1,500 objects: what is issued is for a node of the record, with its names, usages and key', async () => {
  const { found, issued } = await decideMutations(1500);
  expect(found).toEqual([]);
  expect(new Set(issued)).toEqual(new Set(ISSUED_KEYS));
  expect(issued.length).toBeGreaterThan(150);
});
