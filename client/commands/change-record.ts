/** Writes a changed cluster record, and prints what differs: the common part of `cluster apply` and `cluster node`. */
import { stringify } from 'yaml';
import { clusterRecordKey } from '../../lib/contract/cluster-record.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { type AppliedRecord, applyRecord } from '../operator/apply-record.ts';
import { unifiedDiff } from '../operator/record-diff.ts';
import type { RecordSource } from '../operator/record-source.ts';
import { printText, type Terminal } from '../terminal.ts';

export type DocumentFormat = 'text' | 'json' | 'yaml';

export interface ChangeOptions {
  readonly dryRun?: true;
  readonly duringRotation?: readonly string[];
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
  const { output, duringRotation } = options;
  const warn = (line: string) => terminal.progress(line);
  const applied = await applyRecord(authority, {
    ...source,
    cluster,
    dryRun,
    duringRotation,
    warn,
  });
  const showDiff = dryRun && output === 'text';
  for (const line of describeApplied(cluster, applied, dryRun, showDiff)) terminal.progress(line);
  if (output !== 'text') printDocument(terminal, output, applied.document);
  else if (dryRun) printDiff(terminal, cluster, applied, clusterRecordKey(cluster));
}

/** @param withoutValues whether the values that differ are shown elsewhere */
export function describeApplied(
  cluster: string,
  { change, changes, difference }: AppliedRecord,
  dryRun: boolean,
  withoutValues: boolean,
): string[] {
  const what = changes === undefined ? change : `${change}: ${changes}`;
  return [
    `cluster ${cluster} ${what}${dryRun ? ' (dry run)' : ''}`,
    ...(withoutValues ? [] : difference.map((line) => `  ${line}`)),
  ];
}

/** @param from what the record would be written from: a file, or the object itself */
export function printDiff(
  terminal: Terminal,
  cluster: string,
  { before, document }: AppliedRecord,
  from: string,
): void {
  for (const line of unifiedDiff(cluster, before, document, from)) terminal.print(line);
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
