import { plainLine } from './plain-text.ts';

/** Where the command writes: results to standard output, progress to standard error. */
export interface Terminal {
  /** A line of the result. */
  print(line: string): void;
  /** A line of progress; never part of the result. */
  progress(line: string): void;
  /** The error that lost part of the result; absent if it cannot be known. */
  lost?: () => Promise<Error | undefined>;
}

/**
 * The only way to the streams of the process (test/client/terminal.test.ts). What is printed may come from another
 * node, an approver or anyone who can write to a bucket, and is read by root, so every line is made plain here. A
 * newline in a value does not begin a line.
 */
export const terminal: Terminal = {
  print: (line) => void process.stdout.write(`${plainLine(line)}\n`),
  progress: (line) => void process.stderr.write(`${plainLine(line)}\n`),
};

export type OutputFormat = 'text' | 'json';

/** Prints a result as one JSON document, or by `asText` as lines. */
export function printResult(
  { print }: Terminal,
  format: OutputFormat,
  result: unknown,
  asText: () => string[],
): void {
  if (format === 'json') printText(print, JSON.stringify(result, null, 2));
  else for (const line of asText()) print(line);
}

/**
 * Prints a text of several lines that Cakeless has written itself: a document, a unit, help. The values in it are
 * escaped by its format.
 */
export function printText(print: (line: string) => void, text: string): void {
  for (const line of text.replace(/\n$/, '').split('\n')) print(line);
}

/** Columns as wide as their widest cell, as kubeadm prints its tables. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const shown = [header, ...rows].map((row) => row.map(plainLine));
  const widths = header.map((_, i) => Math.max(...shown.map((row) => row[i]?.length ?? 0)));
  return shown.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
