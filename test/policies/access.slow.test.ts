/** As access.test.ts: every row with every principal that it does not allow. */
import { allowedOf, cases } from './access.ts';

it.each(cases)('$title: nobody but $who', async (row) => {
  expect(await allowedOf(row, row.rest)).toEqual([]);
});
