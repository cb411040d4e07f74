/** Tables for terminals: each column is as wide as its widest cell, and the whole is no wider than the terminal. */
import { eastAsianWidth } from 'get-east-asian-width';
import { plainLine } from './plain-text.ts';

/** Which end of a value is left out: `start` where values differ at their end, as ARNs do. */
type Cut = 'start' | 'end';

/** A column that must be whole has only a title. */
export type Column =
  | string
  | {
      readonly title: string;
      /** Whether its values may be shortened: free text, and values that nobody copies into a command. */
      readonly cut?: Cut;
      /** In which order columns are left out, from 1. A column without a number is never left out. */
      readonly drop?: number;
    };

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** @default layOut */
  readonly format?: (table: Table) => string[];
}

/** A line, or a table that is fitted to the terminal when it is printed. */
export type Line = string | Table;

export interface Fitted extends Table {
  /** Titles of the columns that were left out. */
  readonly dropped: readonly string[];
  /** Whether a value was shortened. */
  readonly isCut: boolean;
}

const GAP = '   ';
/** No column gets narrower than this; a column is left out instead. */
const NARROWEST = 16;

export const titleOf = (column: Column): string =>
  typeof column === 'string' ? column : column.title;

/** The table in full, as lines. */
export const formatTable = (
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string[] => layOut({ columns: header, rows });

/** Columns as wide as their widest cell, as kubeadm prints its tables. */
export function layOut({ columns, rows }: Table): string[] {
  const shown = [columns.map(titleOf), ...rows].map((row) => row.map(plainLine));
  const widths = columns.map((_, i) => widestIn(shown, i));
  return shown.map((row) =>
    row
      .map((cell, i) => pad(cell, widths[i] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
}

/**
 * Leaves out columns in their order until the rest fits, if the widest values of the columns that allow it are shortened.
 * Narrower columns that then fit as well come back in full, the most useful first. If the table still does not fit, it
 * stays too wide: a name that the next command needs is never shortened.
 */
export function fitTable(table: Table, width: number): Fitted {
  const { columns, rows } = table;
  // the printed text is shortened: a code such as \u001b counts as its characters
  const plain = rows.map((row) => row.map(plainLine));
  const order = columns
    .flatMap((column, index) =>
      typeof column === 'object' && column.drop !== undefined ? [{ index, drop: column.drop }] : [],
    )
    .sort((a, b) => a.drop - b.drop)
    .map(({ index }) => index);
  for (let count = 0; ; count += 1) {
    const dropped = new Set(order.slice(0, count));
    const left = () => columns.flatMap((_, i) => (dropped.has(i) ? [] : [i]));
    const widths = () => fitWidths(columns, plain, left(), width);
    if (widths() === undefined && count < order.length) continue;
    for (const index of [...dropped].reverse()) {
      dropped.delete(index);
      const isWhole = !canBeCut(columns[index]) || naturalWidth(columns, plain, left()) <= width;
      if (!isWhole || widths() === undefined) dropped.add(index);
    }
    return { ...table, ...build(columns, plain, left(), widths()) };
  }
}

const canBeCut = (column: Column = ''): column is Exclude<Column, string> =>
  typeof column === 'object' && column.cut !== undefined;

/** The width of each of these columns if nothing is shortened. */
const naturalWidths = (
  columns: readonly Column[],
  rows: Table['rows'],
  left: readonly number[],
): number[] => left.map((i) => Math.max(widthOf(titleOf(columns[i] ?? '')), widestIn(rows, i)));

const totalOf = (widths: readonly number[]) => sum(widths) + GAP.length * (widths.length - 1);

const naturalWidth = (...table: Parameters<typeof naturalWidths>): number =>
  totalOf(naturalWidths(...table));

/** The width of each of these columns; undefined if they do not fit. */
function fitWidths(
  columns: readonly Column[],
  rows: Table['rows'],
  left: readonly number[],
  width: number,
): number[] | undefined {
  const widths = naturalWidths(columns, rows, left).map((widest, at) =>
    // no column is wider in the end, and the steps below are few
    Math.min(widest, Math.max(width, floorOf(columns[left[at] ?? 0] ?? ''))),
  );
  let excess = totalOf(widths) - width;
  while (excess > 0) {
    const widest = widestOf(left, widths, columns);
    if (widest === undefined) return undefined;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}

/** How narrow a column may become. */
function floorOf(column: Column): number {
  if (!canBeCut(column)) return Number.POSITIVE_INFINITY;
  return Math.max(NARROWEST, widthOf(column.title));
}

/** Which of the columns that can still be shortened is the widest. */
function widestOf(
  left: readonly number[],
  widths: readonly number[],
  columns: readonly Column[],
): number | undefined {
  const candidates = widths.flatMap((width, at) =>
    width > floorOf(columns[left[at] ?? 0] ?? '') ? [at] : [],
  );
  return candidates.reduce<number | undefined>(
    (best, at) => (best === undefined || (widths[at] ?? 0) > (widths[best] ?? 0) ? at : best),
    undefined,
  );
}

function build(
  columns: readonly Column[],
  rows: Table['rows'],
  left: readonly number[],
  widths: readonly number[] | undefined,
): Fitted {
  let isCut = false;
  const shorten = (cell: string, width: number | undefined, column: Column = '') => {
    if (width === undefined || widthOf(cell) <= width) return cell;
    isCut = true;
    const isStartCut = canBeCut(column) && column.cut === 'start';
    return isStartCut ? cutStart(cell, width) : cutEnd(cell, width);
  };
  return {
    columns: left.map((i) => columns[i] ?? ''),
    rows: rows.map((row) => left.map((i, at) => shorten(row[i] ?? '', widths?.[at], columns[i]))),
    dropped: columns.flatMap((column, i) => (left.includes(i) ? [] : [titleOf(column)])),
    isCut,
  };
}

/** The rows may be more than a call can have arguments. */
const widestIn = (rows: Table['rows'], column: number): number =>
  rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0);

const ASCII = /^[ -~]*$/;

/** How many columns a terminal needs: two for most Chinese, Japanese and Korean characters, none for combining accents. */
function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text)
    if (!/\p{M}/u.test(character)) width += eastAsianWidth(character.codePointAt(0) ?? 0);
  return width;
}

/** The longest prefix that fits, and `…`. */
function cutEnd(text: string, width: number): string {
  let short = '';
  for (const character of text) {
    if (widthOf(short + character) > width - 1) break;
    short += character;
  }
  return `${short}…`;
}

/** `…`, and the longest end that fits and does not begin with an accent of what is left out. */
function cutStart(text: string, width: number): string {
  let short = '';
  for (const character of [...text].reverse()) {
    if (widthOf(character + short) > width - 1) break;
    short = character + short;
  }
  return `…${short.replace(/^\p{M}+/u, '')}`;
}

const pad = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)));

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
