/** The manual pages describe what `--help` describes. `manual.slow.test.ts` has them judged by mandoc and groff. */
import { readFileSync } from 'node:fs';
import { EXIT } from '../../../client/exit-codes.ts';
import { manualPages } from '../../../client/reference/manual.ts';
import { toRoff } from '../../../client/reference/markdown.ts';
import { allOf, leavesOf } from '../../../client/reference/tree.ts';
import { tree } from './complete-in.ts';

const reference = readFileSync('docs/command.md', 'utf8');
const pages = new Map(manualPages({ tree, reference, date: '2026-11-26', version: '0.1.0' }));
const pageOf = (words: readonly string[]) =>
  pages.get(`${['cakeless', ...words].join('-')}.1`) ?? '';

/** Roff as it is read, roughly. */
const shown = (text: string) =>
  text
    .replace(/\\f[BIR]|\\&/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\e', '\\');

it('every command that does something has a page, and no other', () => {
  const expected = [[], ...leavesOf(tree).map(({ words }) => words)];
  expect([...pages.keys()]).toEqual(
    expected.map((words) => `${['cakeless', ...words].join('-')}.1`),
  );
});

it.each(leavesOf(tree).map((command) => [command.words.join(' '), command] as const))(
  'the page of %s has its description, its arguments and all its options',
  (_, { words, description, options, arguments: all }) => {
    const text = shown(pageOf(words));
    expect(text).toContain(description.replaceAll('`', ''));
    for (const { name } of all)
      expect(text).toMatch(new RegExp(`^[<[]${name}(?:\\.\\.\\.)?[>\\]]$`, 'm'));
    for (const { names, value, description: meaning } of options) {
      const flags = [names.join(', '), ...(value === undefined ? [] : [value])].join(' ');
      expect(text).toContain(`.TP\n${flags}\n${meaning.replaceAll('`', '')}\n`);
    }
  },
);

it('the page of cakeless lists all commands, exit codes, variables, files and examples', () => {
  const text = shown(pageOf([]));
  for (const { words, commands } of allOf(tree).slice(1))
    if (commands.length === 0) expect(text).toContain(`\ncakeless ${words.join(' ')}\n`);
  for (const code of Object.values(EXIT)) expect(text).toContain(`.TP\n${code}\n`);
  for (const word of [
    'CAKELESS_EXCHANGE_BUCKET',
    '/etc/kubernetes/cakeless.yaml',
    'cakeless renew all',
  ])
    expect(text).toContain(word);
});

it.each([
  ['a paragraph\nof two lines', ['a paragraph of two lines']],
  ['.not a request', ['\\&.not a request']],
  ['`.code` and **bold**', ['\\fB.code\\fR and \\fBbold\\fR']],
  ['a [link](page.md#part)', ['a link']],
  ['a\\b-c \u2026 \u00fc', ['a\\eb\\-c ... \\[u00FC]']],
  ['first\n\nsecond', ['first', '.PP', 'second']],
  ['- one\n- two\n  lines', ['.IP \\(bu 4', 'one', '.IP \\(bu 4', 'two lines']],
  ['| a | b |\n| --- | --- |\n| `x` | y |', ['.TP', '\\fBx\\fR', 'y']],
  ['```\n# code\n\n.x\n```', ['.nf', '.RS 4', '# code', '', '\\&.x', '.RE', '.fi']],
])('writes %j for man', (markdown, lines) => {
  expect(toRoff(markdown)).toEqual(lines);
});
