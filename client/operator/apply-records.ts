/** Applies many cluster records: all are checked before the first is written; each is then written on its own. */
import { listClusterNames } from '../../lib/cluster/list-records.ts';
import { Fault } from '../../lib/fault.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { mapSideBySide } from '../side-by-side.ts';
import { type AppliedRecord, applyRecord, type RecordChange } from './apply-record.ts';
import { checkKubeletNames } from './check-kubelet-names.ts';
import { checkMove } from './check-move.ts';
import { type Neighbors, neighborsIn, requireTrustDomain } from './neighbors.ts';
import { checkOverlaps } from './overlaps.ts';
import type { RecordFile } from './record-files.ts';

export type ApplyRecordsOptions = Pick<RecordChange, 'dryRun' | 'duringRotation'>;

export interface RecordResult {
  readonly file: string;
  readonly cluster: string;
  readonly warnings: readonly string[];
  /** undefined if it was not applied. */
  readonly applied: AppliedRecord | undefined;
  /** Why it was not applied. */
  readonly error: CommandError | undefined;
}

/**
 * Applies several at the same time, and reports the results in the order of the records. A record that cannot be applied
 * does not stop the others; if AWS cannot be reached or denies the credentials, the rest is not tried.
 * @param report called for each record, as soon as it and all before it are done
 * @throws CommandError before the first record is written, if a trust domain does not exist or cannot be read
 * @throws Fault of the service, after the records that had been started
 */
export async function applyRecords(
  authority: ObjectStore,
  records: readonly RecordFile[],
  options: ApplyRecordsOptions,
  report: (result: RecordResult) => void,
): Promise<RecordResult[]> {
  const planned = new Map(records.map(({ cluster, record }) => [cluster, record]));
  const neighbors = neighborsIn(authority, planned);
  await checkTrustDomains(neighbors, records);
  await checkNames(neighbors, records);
  await checkMoves(neighbors, records, options);
  const results: RecordResult[] = [];
  let fault: unknown;
  let reported = 0;
  await mapSideBySide([...records.entries()], async ([index, record]) => {
    if (fault !== undefined) return;
    try {
      results[index] = await applyOne(authority, record, options, neighbors);
    } catch (error) {
      fault ??= error;
      return;
    }
    for (let next = results[reported]; next !== undefined; next = results[reported]) {
      report(next);
      reported += 1;
    }
  });
  if (fault === undefined) return results;
  // those that were applied after one that was not
  for (const result of results.slice(reported)) if (result) report(result);
  throw fault;
}

/**
 * One read for each trust domain, which is not repeated when the records are applied.
 * @throws CommandError that names every record whose trust domain does not exist or cannot be read
 */
async function checkTrustDomains(
  neighbors: Neighbors,
  records: readonly RecordFile[],
): Promise<void> {
  const errors = new Map<string, CommandError>();
  const trustDomains = new Set(records.map(({ record }) => record.trustDomain));
  await mapSideBySide([...trustDomains], async (trustDomain) => {
    try {
      await requireTrustDomain(neighbors, trustDomain);
    } catch (reason) {
      errors.set(trustDomain, asOwnError(reason));
    }
  });
  failIfAny(
    records.flatMap(({ file, cluster, record }) => {
      const error = errors.get(record.trustDomain);
      return error ? [{ lines: [`${file}: cluster ${cluster}: ${error.message}`], error }] : [];
    }),
  );
}

/** @throws CommandError that names every record with names that no kubelet may have */
async function checkNames(neighbors: Neighbors, records: readonly RecordFile[]): Promise<void> {
  const stored = await neighbors.stored();
  const problems: Problem[] = [];
  for (const { file, cluster, record } of records) {
    const before = stored.get(cluster);
    try {
      checkKubeletNames(record);
      const old = before instanceof Fault ? undefined : before;
      await checkOverlaps(neighbors, record, old, ignore); // it warns when it is applied
    } catch (reason) {
      const error = asOwnError(reason);
      problems.push({ lines: error.lines.map((line) => `${file}: ${line}`), error });
    }
  }
  failIfAny(problems);
}

/** @throws CommandError that names every record that moves its cluster while a CA is being rotated */
async function checkMoves(
  neighbors: Neighbors,
  records: readonly RecordFile[],
  { duringRotation = [] }: ApplyRecordsOptions,
): Promise<void> {
  const stored = await neighbors.stored();
  const problems: Problem[] = [];
  for (const { file, cluster, record } of records) {
    const before = stored.get(cluster);
    if (before === undefined || before instanceof Fault) continue; // seen when it is applied
    try {
      await checkMove(neighbors, record, before.trustDomain, duringRotation, ignore);
    } catch (reason) {
      const error = asOwnError(reason);
      problems.push({ lines: error.lines.map((line) => `${file}: ${line}`), error });
    }
  }
  failIfAny(problems);
}

const ignore = () => undefined;

interface Problem {
  readonly lines: readonly string[];
  readonly error: CommandError;
}

function failIfAny(problems: readonly Problem[]): void {
  const [first] = problems;
  if (!first) return;
  // one reason for all has its own exit code
  const codes = new Set(problems.map(({ error }) => error.code));
  throw new CommandError(
    codes.size === 1 ? first.error.code : 'failure',
    ['nothing was applied, because of:', ...problems.flatMap(({ lines }) => lines)],
    first.error.hint,
  );
}

/** @throws Fault if the service cannot be used */
async function applyOne(
  authority: ObjectStore,
  { file, cluster, document, record }: RecordFile,
  options: ApplyRecordsOptions,
  neighbors: Neighbors,
): Promise<RecordResult> {
  const warnings: string[] = [];
  const change = {
    cluster,
    build: () => ({ document, record }),
    ...options,
    warn: (line: string) => void warnings.push(line),
    conflictHint: 'look at what they changed, then run the same command again',
    neighbors,
  };
  try {
    const applied = await applyRecord(authority, change);
    return { file, cluster, warnings, applied, error: undefined };
  } catch (reason) {
    return { file, cluster, warnings, applied: undefined, error: asOwnError(reason) };
  }
}

/** @throws every error that is not about one record */
function asOwnError(reason: unknown): CommandError {
  if (reason instanceof CommandError) return reason;
  if (reason instanceof Fault && reason.code === 'document-malformed')
    return new CommandError('failure', reason.message);
  throw reason;
}

/** Clusters that have a record, but none among these. */
export async function clustersWithout(
  authority: ObjectStore,
  records: readonly RecordFile[],
): Promise<string[]> {
  const known = new Set(records.map(({ cluster }) => cluster));
  const clusters = await listClusterNames(authority);
  return clusters.filter((cluster) => !known.has(cluster)).sort();
}
