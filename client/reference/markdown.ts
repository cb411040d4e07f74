/** Converts the Markdown of docs/command.md to man(7): paragraphs, lists, code, and tables as lists of terms. */
import { inline, item, roff } from './roff.ts';

/** The text below a heading, without those of the same level or above. @returns undefined if there is no such heading */
export function sectionOf(page: string, heading: RegExp): string | undefined {
  const start = heading.exec(page);
  if (!start) return undefined;
  const [, marks = '#'] = /^(#+)/.exec(start[0]) ?? [];
  const rest = page.slice(start.index + start[0].length);
  // a comment in code is not a heading
  const withoutCode = rest.replace(/^```.*?^```$/gms, (code) => ' '.repeat(code.length));
  const end = new RegExp(`^#{1,${marks.length}} `, 'm').exec(withoutCode);
  return rest.slice(rest.indexOf('\n') + 1, end?.index).trim();
}

/** The cells of all rows of a table, without its heading. */
export const rowsOf = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('\\|', '|')));

const isTable = (block: string) => block.startsWith('|');

/** @param skip tables that are described elsewhere, by the first cell of their heading */
export function toRoff(markdown: string, skip: readonly string[] = []): string[] {
  const lines = blocksOf(markdown)
    .filter((block) => !skip.some((cell) => block.startsWith(`| ${cell} |`)))
    .flatMap(blockLines);
  // a section begins with a paragraph anyway
  return lines[0] === '.PP' ? lines.slice(1) : lines;
}

/** Blocks are separated by empty lines, except those inside code. */
function blocksOf(markdown: string): string[] {
  return markdown
    .split(/(^```.*?^```$)/ms)
    .flatMap((part) => (part.startsWith('```') ? [part] : part.split(/\n{2,}/)))
    .map((block) => block.trim())
    .filter((block) => block !== '');
}

function blockLines(block: string): string[] {
  if (block.startsWith('```')) return codeLines(block.split('\n').slice(1, -1));
  if (isTable(block)) return rowsOf(block).flatMap(rowLines);
  if (/^(?:- |\d+\. )/.test(block))
    return block.split(/\n(?=- |\d+\. )/).flatMap((entry) => {
      const [, mark = '', text = ''] = /^(-|\d+\.) +(.*)$/s.exec(entry) ?? [];
      return [`.IP ${mark === '-' ? '\\(bu' : mark} 4`, inline(oneLine(text))];
    });
  return ['.PP', inline(oneLine(block))];
}

const rowLines = ([term = '', ...cells]: string[]) =>
  item(inline(term), inline(cells.filter((cell) => cell !== '').join('; ')));

const codeLines = (lines: readonly string[]) => [
  '.PP',
  '.nf',
  '.RS 4',
  ...lines.map(roff),
  '.RE',
  '.fi',
];

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ');
