/** `cakeless cluster apply -f PATH`: records that are kept in files, for example in git. */
import { stringify } from 'yaml';
import type { Buckets } from '../buckets.ts';
import { CommandError, type ErrorCode } from '../errors.ts';
import { applyRecords, clustersWithout, type RecordResult } from '../operator/apply-records.ts';
import { readRecordFiles } from '../operator/record-files.ts';
import { printText, type Terminal } from '../terminal.ts';
import { countOf } from '../wording/count.ts';
import { type ChangeOptions, describeApplied, printDiff } from './change-record.ts';

interface FilesOptions extends ChangeOptions {
  readonly recursive?: true;
}

/**
 * @throws CommandError that names every record that was not applied. Nothing is applied if a file is not a valid record,
 * or if a cluster has two
 */
export async function applyRecordFiles(
  buckets: Pick<Buckets, 'authority'>,
  terminal: Terminal,
  path: string,
  options: FilesOptions,
): Promise<void> {
  const { records, isFolder } = readRecordFiles(path, options.recursive === true);
  const dryRun = options.dryRun === true;
  const { output, duringRotation } = options;
  const authority = await buckets.authority();
  const results = await applyRecords(authority, records, { dryRun, duringRotation }, (result) => {
    for (const line of describeResult(result, dryRun, output === 'text')) terminal.progress(line);
    if (dryRun && output === 'text' && result.applied)
      printDiff(terminal, result.cluster, result.applied, result.file);
  });
  const withoutFile = isFolder ? await clustersWithout(authority, records) : [];
  if (withoutFile.length > 0)
    terminal.progress(
      `note: ${countOf(withoutFile.length, 'cluster')} with a record but no file in ${path}: ${withoutFile.join(', ')}`,
    );
  if (output !== 'text') {
    const document = { records: results.map(asDocument), withoutFile };
    printText(
      terminal.print,
      output === 'json' ? JSON.stringify(document, null, 2) : stringify(document, { lineWidth: 0 }),
    );
  }
  failIfNotApplied(results);
}

function describeResult(
  { file, cluster, warnings, applied, error }: RecordResult,
  dryRun: boolean,
  asText: boolean,
): string[] {
  const lines = applied
    ? describeApplied(cluster, applied, dryRun, dryRun && asText)
    : [`cluster ${cluster} not applied: ${error?.message}`];
  const [first = '', ...more] = lines;
  return [`${file}: ${first}`, ...warnings.map((line) => `  ${line}`), ...more];
}

function asDocument({ file, cluster, warnings, applied, error }: RecordResult) {
  return {
    file,
    cluster,
    change: applied?.change ?? 'not applied',
    difference: applied?.difference ?? [],
    warnings,
    ...(error && { error: error.message }),
    ...(applied && { document: applied.document }),
  };
}

function failIfNotApplied(results: readonly RecordResult[]): void {
  const failed = results.flatMap(({ file, error }) => (error ? [{ file, error }] : []));
  const [first] = failed;
  if (!first) return;
  // if all failed for the same reason, its exit code
  const codes = new Set<ErrorCode>(failed.map(({ error }) => error.code));
  throw new CommandError(
    codes.size === 1 ? first.error.code : 'failure',
    [
      `${failed.length} of ${countOf(results.length, 'record')} not applied:`,
      ...failed.map(({ file, error }) => `${file}: ${error.message}`),
    ],
    first.error.hint,
  );
}
