/** Where the command writes: results to standard output, progress to standard error. */
export interface Terminal {
  /** A line of the result. */
  print(line: string): void;
  /** A line of progress; never part of the result. */
  progress(line: string): void;
  /** The error that lost part of the result; absent if it cannot be known. */
  lost?: () => Promise<Error | undefined>;
}

export const terminal: Terminal = {
  print: (line) => void process.stdout.write(`${line}\n`),
  progress: (line) => void process.stderr.write(`${line}\n`),
};

export type OutputFormat = 'text' | 'json';

/** Prints a result as one JSON document, or by `asText` as lines. */
export function printResult(
  { print }: Terminal,
  format: OutputFormat,
  result: unknown,
  asText: () => string[],
): void {
  for (const line of format === 'json' ? [JSON.stringify(result, null, 2)] : asText()) print(line);
}

/** Columns as wide as their widest cell, as kubeadm prints its tables. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  return [header, ...rows].map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd(),
  );
}
