/** Writes a changed cluster record, and prints what differs: the common part of `cluster apply` and `cluster node`. */
import { stringify } from 'yaml';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { applyRecord } from '../operator/apply-record.ts';
import type { RecordSource } from '../operator/record-source.ts';
import { type OutputFormat, printText, type Terminal } from '../terminal.ts';

export type DocumentFormat = OutputFormat | 'yaml';

export interface ChangeOptions {
  readonly dryRun?: true;
  readonly output: DocumentFormat;
}

/** @throws CommandError as `applyRecord`: invalid, or changed by someone else in the meantime */
export async function changeRecord(
  authority: ObjectStore,
  terminal: Terminal,
  cluster: string,
  source: RecordSource,
  options: ChangeOptions,
): Promise<void> {
  const dryRun = options.dryRun === true;
  const { output } = options;
  const warn = (line: string) => terminal.progress(line);
  const applied = await applyRecord(authority, { ...source, cluster, dryRun, warn });
  const { change, changes, difference, document } = applied;
  const what = changes === undefined ? change : `${change}: ${changes}`;
  terminal.progress(`cluster ${cluster} ${what}${dryRun ? ' (dry run)' : ''}`);
  for (const line of difference) terminal.progress(`  ${line}`);
  if (output !== 'text') printDocument(terminal, output, document);
  else if (dryRun) printDocument(terminal, 'json', document);
}

/** As people write it to a file: `-f` reads both formats. */
export function printDocument(
  terminal: Terminal,
  format: Exclude<DocumentFormat, 'text'>,
  document: unknown,
): void {
  const text =
    format === 'json' ? JSON.stringify(document, null, 2) : stringify(document, { lineWidth: 0 });
  printText(terminal.print, text.trimEnd());
}
