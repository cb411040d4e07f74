import { listed, quote } from '../../lib/printable.ts';

it.each([
  ['plain text', 'system:node:cp-1', 'system:node:cp-1'],
  ['a line break', 'a\nb', 'a\\u000ab'],
  ['an escape character', '\u001b[2J', '\\u001b[2J'],
  ['a homoglyph', 's\u0443stem:nodes', 's\\u0443stem:nodes'],
  ['a right-to-left override', '\u202eabc', '\\u202eabc'],
  ['a zero width space', 'a\u200bb', 'a\\u200bb'],
  ['a pair of surrogates', '\u{1f600}', '\\ud83d\\ude00'],
])('%s is shown in plain characters', (_, text, shown) => {
  expect(quote(text)).toBe(shown);
});

it('shows at most 120 characters of a text', () => {
  expect(quote('x'.repeat(120))).toHaveLength(120);
  expect(quote('x'.repeat(121))).toBe(`${'x'.repeat(117)}...`);
});

it('shows a list with commas, and an empty list as none', () => {
  expect([listed(['a', 'b\0']), listed([])]).toEqual(['a, b\\u0000', 'none']);
});
