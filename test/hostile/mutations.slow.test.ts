/** As mutations.test.ts, with thousands of changes of each valid request. */
import { expectChangesToBeHarmless, QUICK_CHANGES, samples } from './mutations.ts';

const CHANGES = 3000;

it.each(samples)('$name is refused or means the same when one byte is changed', ({ bytes }) => {
  expectChangesToBeHarmless(bytes, QUICK_CHANGES, CHANGES);
});
