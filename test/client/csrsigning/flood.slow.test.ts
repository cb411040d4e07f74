/** As flood.test.ts, with thousands of CSRs. */
import { waitsInFlood } from './flood.ts';

/** So many that asking the API server about each takes longer than a node may wait. */
const FLOOD = 5000;

it.each([1, 30])(
  `${FLOOD} CSRs with invented names do not delay nodes by ten seconds, %ds after they came`,
  async (seconds) => {
    expect(await waitsInFlood(FLOOD, seconds)).toEqual([]);
  },
);
