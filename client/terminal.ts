import { plainLine } from './plain-text.ts';
import { type Fitted, fitTable, type Line, layOut } from './table.ts';

/** Where the command writes: results to standard output, progress to standard error. */
export interface Terminal {
  /** A line of the result. */
  print(line: string): void;
  /** A line of progress; never part of the result. */
  progress(line: string): void;
  /** The error that lost part of the result; absent if it cannot be known. */
  lost?: () => Promise<Error | undefined>;
  /** How many characters fit into a line of standard output; absent if it is not a terminal. */
  readonly columns?: number | undefined;
}

/**
 * The only way to the streams of the process (test/client/terminal.test.ts). What is printed may come from another
 * node, an approver or anyone who can write to a bucket, and is read by root, so every line is made plain here. A
 * newline in a value does not begin a line.
 */
export const terminal: Terminal = {
  print: (line) => void process.stdout.write(`${plainLine(line)}\n`),
  progress: (line) => void process.stderr.write(`${plainLine(line)}\n`),
  get columns() {
    return process.stdout.isTTY ? process.stdout.columns : undefined;
  },
};

/** `wide`: as text, with tables in full. */
export type OutputFormat = 'text' | 'wide' | 'json';

/** Prints a result as one JSON document, or by `asText` as lines. */
export function printResult(
  terminal: Terminal,
  format: OutputFormat,
  result: unknown,
  asText: () => readonly Line[],
): void {
  if (format === 'json') printText(terminal.print, JSON.stringify(result, null, 2));
  else printLines(terminal, format, asText());
}

/** Prints lines and tables; unless they are to be wide, tables are fitted to the terminal. */
export function printLines(
  { print, progress, columns }: Terminal,
  format: 'text' | 'wide',
  lines: readonly Line[],
): void {
  const notes: string[] = [];
  for (const line of lines) {
    if (typeof line === 'string') {
      print(line);
      continue;
    }
    const isFitted = format === 'text' && columns !== undefined && columns > 0;
    const table = isFitted ? fitTable(line, columns) : { ...line, dropped: [], isCut: false };
    for (const row of (line.format ?? layOut)(table)) print(row);
    notes.push(...describeFitted(table));
  }
  for (const note of new Set(notes)) progress(note);
}

function describeFitted({ dropped, isCut }: Fitted): string[] {
  if (dropped.length > 0)
    return [`note: left out to fit the terminal: ${dropped.join(', ')}; -o wide shows everything`];
  return isCut ? ['note: shortened to fit the terminal; -o wide shows everything'] : [];
}

/**
 * Prints a text of several lines that Cakeless has written itself: a document, a unit, help. The values in it are
 * escaped by its format.
 */
export function printText(print: (line: string) => void, text: string): void {
  for (const line of text.replace(/\n$/, '').split('\n')) print(line);
}
