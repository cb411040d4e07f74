import { parseDurationSeconds } from '../../lib/duration.ts';

it.each([
  ['8760h0m0s', 31_536_000],
  ['8760h', 31_536_000],
  ['1h30m', 5400],
  ['90m', 5400],
  ['1s', 1],
  ['0h0m1s', 1],
  ['', undefined],
  ['0s', undefined],
  ['-1h', undefined],
  ['1d', undefined],
  ['1.5h', undefined],
  ['100ms', undefined],
  ['1 h', undefined],
  ['h', undefined],
  ['8760', undefined],
  ['9999999999h', undefined],
  ['1h\n', undefined],
])('%j is %s seconds', (text, seconds) => {
  expect(parseDurationSeconds(text)).toBe(seconds);
});
