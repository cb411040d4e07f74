/** How often the timer runs for a lifetime, and which parts of a lifetime an option means. */
import {
  LAST_THIRD,
  parseExpiresWithin,
  windowOf,
} from '../../../../client/node/disk/expires-within.ts';
import { describeShortValidity, intervalFor } from '../../../../client/node/timer/interval.ts';

const HOUR = 3600;
const intervalOf = (hours: number) => intervalFor(windowOf(LAST_THIRD, hours * HOUR));

it.each([
  ['a year', 8760, 'every day'],
  ['nine days', 216, 'every day'],
  ['a week', 168, 'every six hours'],
  ['a day', 24, 'every hour'],
  ['six hours', 6, 'every ten minutes'],
  ['five minutes', 1 / 12, 'every ten minutes'],
])('certificates that are valid for %s need a timer that runs often enough', (_, hours, words) => {
  expect(intervalOf(hours).words).toBe(words);
});

it.each(Array.from({ length: 400 }, (_, i) => [i + 2]))(
  'of a lifetime of %d hours, two runs are in the last third',
  (hours) => {
    const { seconds, randomDelaySeconds } = intervalOf(hours);
    const latest = 2 * (seconds + randomDelaySeconds);
    expect(latest).toBeLessThanOrEqual((hours * HOUR) / 3);
  },
);

it.each([
  ['60d', { seconds: 60 * 86_400 }],
  ['12h', { seconds: 12 * HOUR }],
  ['0s', { seconds: 0 }],
  ['1/3', { share: 1 / 3 }],
  ['1/1', { share: 1 }],
  ['0/3', undefined],
  ['4/3', undefined],
  ['1/0', undefined],
  ['a third', undefined],
  ['33%', undefined],
])('%s', (text, expected) => {
  expect(parseExpiresWithin(text)).toEqual(expected && { text, ...expected });
});

it('the platform team is warned of a validity that a daily timer cannot serve', () => {
  expect(describeShortValidity(8760 * HOUR)).toBeUndefined();
  expect(describeShortValidity(24 * HOUR)).toBe(
    'warning: certificates that are valid for 24 hours need a timer that runs every hour: once a node has them, run cakeless install-timer on it again',
  );
});
