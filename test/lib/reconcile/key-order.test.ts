import { compareKeys } from '../../../lib/reconcile/key-order.ts';

it.each([
  ['equal keys', 'a/b', 'a/b', 0],
  ['a key and one that it begins', 'a', 'a/b', -1],
  ['ASCII', 'a-b', 'a/b', -1],
  ['two and three bytes', 'a/\u00e4', 'a/\u20ac', -1],
  // as strings of JavaScript they have the other order: D83D is before FF5E
  ['three and four bytes', 'a/\uff5e', 'a/\u{1f511}', -1],
  ['four bytes', 'a/\u{1f511}', 'a/\u{1f512}', -1],
])('%s have the order of their bytes', (_, a, b, expected) => {
  expect(compareKeys(a, b)).toBe(expected);
  expect(compareKeys(b, a)).toBe(expected === 0 ? 0 : -expected);
  expect(compareKeys(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
});
