/** A few hundred requests through triage, sign and reconcile, under injected faults. */
import { NOTHING_WRONG, processUnderFaults } from '../support/many-requests.ts';

it('no request is lost, none has two serial numbers or outcomes, and nothing is signed without its record', async () => {
  const found = await processUnderFaults(300, 4711);
  expect(found).toMatchObject(NOTHING_WRONG);
  expect(found.issued + found.rejected).toBe(found.requests);
  expect(found.issued).toBeGreaterThan(100);
  expect(found.rejected).toBeGreaterThan(0);
});
