/** Ten thousand requests through triage, sign and reconcile, under injected faults; CAKELESS_SEED repeats a run. */
import { chosenSeed, NOTHING_WRONG, processUnderFaults } from '../support/many-requests.ts';

it('of ten thousand requests none is lost, none has two serial numbers or outcomes, and nothing is signed without its record', async () => {
  const found = await processUnderFaults(10_000, chosenSeed());
  console.info(found);
  expect(found).toMatchObject(NOTHING_WRONG);
  expect(found.issued + found.rejected).toBe(found.requests);
  expect(found.issued).toBeGreaterThan(3000);
  expect(found.overBudget).toBeGreaterThan(1000);
}, 1_800_000);
