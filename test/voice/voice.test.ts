/** No text of the repository has a phrase of idioms.ts, wherever its lines are broken (docs/style.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findIdioms } from './find-idioms.ts';

/** Folders of the repository; `.` is for the files that are directly in its root. */
const FOLDERS = [
  '.',
  '.ci',
  'bench',
  'client',
  'docs',
  'examples',
  'functions',
  'infra',
  'lib',
  'local',
  'test',
];

const TEXTS = /(?:\.(?:ts|mjs|cjs|md|sh|go|py|html)|^\.ci\/run|\/package\.json)$/;
const NOT_OURS = /(?:^|\/)node_modules\/|^test\/fixtures\/|^test\/hostile\/files\//;
/** What lists the phrases. */
const ABOUT_PHRASES = ['docs/style.md', 'test/voice/idioms.ts', 'test/voice/voice.test.ts'];

it.each(FOLDERS)('%s reads as docs/style.md says', (folder) => {
  const files = filesOf(folder);
  expect(files.length).toBeGreaterThan(0);
  const found = files.flatMap((file) =>
    findIdioms(file, readFileSync(file, 'utf8')).map(
      ({ line, phrase, instead }) => `${file}:${line}: ${phrase} -> ${instead}`,
    ),
  );
  expect(found).toEqual([]);
});

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: folder !== '.', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => TEXTS.test(file) && !NOT_OURS.test(file) && !ABOUT_PHRASES.includes(file))
    .sort();
}

describe('findIdioms', () => {
  const lines = (file: string, ...text: string[]) =>
    findIdioms(file, text.join('\n')).map(({ line, phrase }) => [line, phrase]);

  it('finds every phrase, with its line', () => {
    expect(lines('a.md', 'It can not.', '', 'There are none; ask anew.')).toEqual([
      [1, 'can not'],
      [3, 'are none'],
      [3, 'anew'],
    ]);
  });

  it.each([
    ['prose', 'a.md', ['It can', 'not.']],
    ['a block comment', 'a.ts', ['/**', ' * It can', ' * not.', ' */']],
    ['line comments', 'a.ts', ['  // It can', '  // not.']],
    ['comments of a shell script', 'a.sh', ['# It can', '# not.']],
    ['a list item', 'a.md', ['- It can', '  not.']],
  ])('finds a phrase that is broken over two lines of %s', (_, file, text) => {
    expect(lines(file, ...text)).toEqual([
      [text.findIndex((l) => l.endsWith('can')) + 1, 'can not'],
    ]);
  });

  it.each([
    ['two paragraphs', 'a.md', ['It can', '', 'not.']],
    ['two lines of code', 'a.ts', ["const can = 'can'", 'not(can);']],
    ['a comment and code', 'a.ts', ['// It can', 'not(can);']],
  ])('does not join %s', (_, file, text) => {
    expect(lines(file, ...text)).toEqual([]);
  });
});
