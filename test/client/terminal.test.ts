/** What is printed cannot act on a terminal, and there is no other way to the streams. */
import { readFileSync } from 'node:fs';
import { plainLine } from '../../client/plain-text.ts';
import { formatTable } from '../../client/table.ts';
import { printResult, printText, terminal } from '../../client/terminal.ts';
import { readSources } from '../support/imports.ts';
import { withCapturedOutput } from '../support/restored.ts';

const UNSEEN: Readonly<Record<string, [text: string, plain: string]>> = {
  'an escape sequence that clears the screen': ['\x1b[2J', '\\u001b[2J'],
  'a title that a terminal can send back as input': ['\x1b]0;rm\x07', '\\u001b]0;rm\\u0007'],
  'the one-character form of a sequence': ['\x9b31m', '\\u009b31m'],
  'a newline': ['a\nb', 'a\\u000ab'],
  'a carriage return, which overwrites the line': ['no\ryes', 'no\\u000dyes'],
  'a backspace, a tab and DEL': ['\b\t\x7f', '\\u0008\\u0009\\u007f'],
  'a line separator': ['\u2028\u2029\x85', '\\u2028\\u2029\\u0085'],
  'an override of direction': ['\u202egnirts\u202c', '\\u202egnirts\\u202c'],
  'an isolate of direction': ['\u2066a\u2069', '\\u2066a\\u2069'],
  'marks of direction': ['\u200e\u200f\u061c', '\\u200e\\u200f\\u061c'],
  'zero-width characters': [
    '\u200b\u200c\u200d\u2060\ufeff',
    '\\u200b\\u200c\\u200d\\u2060\\ufeff',
  ],
  'a soft hyphen': ['ad\u00admin', 'ad\\u00admin'],
  'tags, outside the basic plane': ['\u{e0041}', '\\udb40\\udc41'],
  'fillers and variation selectors': ['\u3164\u115f\ufe0f', '\\u3164\\u115f\\ufe0f'],
  'spaces that are not the space': ['a\u00a0b\u3000c', 'a\\u00a0b\\u3000c'],
  'a blank that Unicode calls a symbol': ['\u2800', '\\u2800'],
  'half of a surrogate pair': ['\ud800a', '\\ud800a'],
  'a character for private use': ['\ue000', '\\ue000'],
};

it.each(Object.entries(UNSEEN))('%s is shown by its code', (_, [text, plain]) => {
  expect(plainLine(text)).toBe(plain);
});

it.each(['Grüße aus 東京', 'O=system:masters, CN=admin', "~!@#$%^&*()[]{}\\'", '𝔘 é'])(
  '%j is printed as it is',
  (text) => {
    expect(plainLine(text)).toBe(text);
  },
);

it('a text that was escaped stays as it is', () => {
  for (const [text] of Object.values(UNSEEN))
    expect(plainLine(plainLine(text))).toBe(plainLine(text));
});

it('one call prints one line, to both streams', async () => {
  const { stdout, stderr } = await withCapturedOutput(() => {
    terminal.print('a\ncakeless: done\x1b[0m');
    terminal.progress('b\r\ncakeless: done');
  });
  expect([stdout, stderr]).toEqual([
    'a\\u000acakeless: done\\u001b[0m\n',
    'b\\u000d\\u000acakeless: done\n',
  ]);
});

it('a JSON document keeps its meaning', async () => {
  const document = Object.fromEntries(
    Object.values(UNSEEN).map(([text], index) => [`${text}${index}`, [text, { text }]]),
  );
  const { stdout } = await withCapturedOutput(() =>
    printResult(terminal, 'json', document, () => []),
  );
  expect(stdout).toMatch(/^[\x20-\x7e\n]+$/);
  expect(JSON.parse(stdout)).toEqual(document);
});

it('a text of several lines keeps them', async () => {
  const { stdout } = await withCapturedOutput(() => printText(terminal.print, 'a:\n  b\x1b\n'));
  expect(stdout).toBe('a:\n  b\\u001b\n');
});

it('the columns of a table are as wide as what is shown', () => {
  expect(
    formatTable(
      ['NAME', 'STATE'],
      [
        ['a\x1b', 'x'],
        ['abcdefghij', 'y\n'],
      ],
    ),
  ).toEqual(['NAME         STATE', 'a\\u001b      x', 'abcdefghij   y\\u000a']);
});

it('only the terminal writes to the streams of the process', () => {
  const writers = readSources('client')
    .map(({ file }) => file)
    // the demo shows what its child processes print; the others build and bundle
    .filter((file) => file.endsWith('.ts') && !/^client\/(?:demo\/|build-)/.test(file))
    .filter((file) =>
      /\bconsole\b|process\.(?:stdout|stderr|emitWarning)|process\[/.test(
        readFileSync(file, 'utf8'),
      ),
    );
  // run.ts listens to the errors of the streams, and writes nothing; prompt.ts makes the question plain, too
  expect(writers.sort()).toEqual(['client/prompt.ts', 'client/run.ts', 'client/terminal.ts']);
});
