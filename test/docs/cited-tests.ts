/**
 * Tests that a page cites, as `test/lib/x.test.ts`: "title of a test", "title of another". A title is that of a test, of a
 * group of tests, or of a case of a table. `…` is what a title leaves open: a value, or a part that does not matter.
 */
import { existsSync, readFileSync } from 'node:fs';
import { TABLE, titleOf } from '../policies/table.ts';

export interface Citation {
  readonly file: string;
  readonly title: string;
}

const CITATION = /`(test\/[\w./-]+\.test\.ts)`: ("[^"\n]+"(?:, "[^"\n]+")*)/g;

export function citedTests(text: string): Citation[] {
  return [...text.matchAll(CITATION)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })),
  );
}

/** What is wrong with a citation, or undefined. */
export function problemOf({ file, title }: Citation): string | undefined {
  if (!existsSync(file)) return `${file} does not exist`;
  if (titlesOf(file).test(title)) return undefined;
  return `${file} has no test "${title}"`;
}

/** The rows of the tables between marks `<!-- shown: … -->` and `<!-- end of shown -->`, without their headings. */
export function shownRows(text: string): string[] {
  const parts = [...text.matchAll(/<!-- shown: .*?-->\n(.*?)<!-- end of shown -->/gs)];
  return parts.flatMap(([, table = '']) => table.trim().split('\n').slice(2));
}

const known = new Map<string, { test(title: string): boolean }>();

function titlesOf(file: string) {
  const found = known.get(file) ?? readTitles(file);
  known.set(file, found);
  return found;
}

function readTitles(file: string) {
  // titles there are generated from the rows of a table
  const generated = file === 'test/policies/access.test.ts' ? TABLE.map(fullTitle) : [];
  const text = readFileSync(file, 'utf8');
  return {
    test: (title: string) =>
      generated.some((one) => patternOf(title, '.*', '^', '$').test(one)) ||
      patternOf(title, `[^'"\`\\n]+`, `['"\`]`, `['"\`]`).test(text),
  };
}

const fullTitle = (row: (typeof TABLE)[number]) =>
  `${titleOf(row)}: ${row.allowed.join(', ') || 'nobody'}`;

function patternOf(title: string, open: string, before: string, after: string): RegExp {
  const parts = title.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`${before}${parts.join(open)}${after}`);
}
