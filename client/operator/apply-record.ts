/**
 * Writes a cluster record only over the version that this command read. A record file that is older than the record still
 * replaces it as a whole, so the fields that change are reported.
 */
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import { type ClusterRecordDocument, clusterRecordKey } from '../../lib/contract/cluster-record.ts';
import { formatDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { describeShortValidity } from '../node/timer/interval.ts';
import { writeOver } from '../write-over.ts';
import { checkKubeletNames } from './check-kubelet-names.ts';
import { checkMove } from './check-move.ts';
import { type ExistingRecord, readExisting } from './existing-record.ts';
import {
  checkTrustDomain,
  type Neighbors,
  neighborsIn,
  trustDomainOfKubelets,
} from './neighbors.ts';
import { checkOverlaps } from './overlaps.ts';
import { changedFields, describeChanges } from './record-changes.ts';
import { describeDifference } from './record-difference.ts';
import { storedForm } from './stored-form.ts';
import { describeFewerApprovals } from './warn-of-approvals.ts';
import { describeKubeletDangers } from './warn-of-kubelets.ts';
import { describeNewNames } from './warn-of-names.ts';
import { describeLongValidity } from './warn-of-validity.ts';

export interface RecordChange {
  readonly cluster: string;
  /**
   * Returns the record to write, as a document and checked.
   * @param before the record that exists
   */
  build(before: ExistingRecord | undefined): {
    readonly document: unknown;
    readonly record: ClusterRecord;
  };
  readonly dryRun: boolean;
  /** Trust domains that the cluster may leave or join although a CA of theirs is being rotated. @default none */
  readonly duringRotation?: readonly string[] | undefined;
  readonly warn: (line: string) => void;
  /** What to do if someone else changes the record at the same time. */
  readonly conflictHint: string;
  /** Shared by the records that one command applies. @default read for this record */
  readonly neighbors?: Neighbors;
}

export interface AppliedRecord {
  readonly change: 'created' | 'configured' | 'unchanged';
  readonly text: string;
  /** For `configured`: which fields change, such as `changed nodes; removed uploaders`. */
  readonly changes: string | undefined;
  /** For `configured`: what differs, a line for each value. */
  readonly difference: readonly string[];
  readonly record: ClusterRecord;
  /** What was stored; undefined if the cluster had no record, or one that is not JSON. */
  readonly before: unknown;
  readonly document: unknown;
}

/** @throws CommandError conflict if someone else changed the record in the meantime; theirs stays as it is */
export async function applyRecord(
  authority: ObjectStore,
  change: RecordChange,
): Promise<AppliedRecord> {
  const { cluster, build, dryRun, warn, conflictHint, neighbors = neighborsIn(authority) } = change;
  const existing = await readExisting(authority, cluster);
  const built = build(existing);
  const { record } = built;
  if (record.cluster !== cluster)
    throw new CommandError(
      'usage',
      `cluster ${cluster}: the record belongs to cluster ${record.cluster}`,
    );
  if (existing?.problem !== undefined)
    warn(`warning: the record that this one replaces cannot be read: ${existing.problem}`);
  const before = storedForm(existing?.value);
  const document = storedForm(built.document);
  checkKubeletNames(record);
  const old = trustDomainIn(before);
  await checkTrustDomain(neighbors, record, old, warn);
  await checkMove(neighbors, record, old, change.duringRotation ?? [], warn);
  await checkOverlaps(neighbors, record, recordIn(existing), warn);
  if (record.csrSigning) {
    const trustDomain = await trustDomainOfKubelets(neighbors, record);
    for (const line of describeKubeletDangers(record, trustDomain)) warn(line);
  }
  for (const line of warningsOf(record, existing, document)) warn(line);
  const text = formatDocument(document);
  const applied = { text, record, before, document };
  if (existing && formatDocument(before) === text)
    return { ...applied, change: 'unchanged', changes: undefined, difference: [] };
  if (!dryRun) await write(authority, cluster, text, existing, conflictHint);
  return {
    ...applied,
    change: existing ? 'configured' : 'created',
    changes: existing && describeChanges(before, document),
    difference: describeDifference(before, document),
  };
}

function warningsOf(
  record: ClusterRecord,
  existing: ExistingRecord | undefined,
  document: unknown,
): string[] {
  const fewer =
    existing?.record &&
    describeFewerApprovals(existing.record, document as Partial<ClusterRecordDocument>);
  return [
    describeLongValidity(record),
    describeShortValidity(record.validitySeconds),
    existing && describeNewNames(storedForm(existing.value), document),
    fewer,
  ].filter((line) => line !== undefined);
}

/** Also of a record that cannot be read: its replacement may move the cluster to another trust domain. */
function trustDomainIn(value: unknown): string | undefined {
  const { trustDomain } = (value ?? {}) as { trustDomain?: unknown };
  return typeof trustDomain === 'string' ? trustDomain : undefined;
}

const recordIn = (existing: ExistingRecord | undefined): ClusterRecord | undefined =>
  existing?.record && parseClusterRecord(existing.record).record;

async function write(
  authority: ObjectStore,
  cluster: string,
  text: string,
  before: ExistingRecord | undefined,
  conflictHint: string,
): Promise<void> {
  if (await writeOver(authority, clusterRecordKey(cluster), text, before?.object.eTag)) return;
  const current = await readExisting(authority, cluster);
  throw new CommandError(
    'conflict',
    `cluster ${cluster}: ${describeConflict(before, current)}; nothing was written`,
    conflictHint,
  );
}

function describeConflict(
  before: ExistingRecord | undefined,
  current: ExistingRecord | undefined,
): string {
  if (!current) return 'someone else removed the record while this command was running';
  const fields = changedFields(before?.value, current.value).join(', ') || 'the formatting';
  const what = before ? `changed ${fields} in` : 'created';
  const at = current.object.lastModified.toISOString();
  return `someone else ${what} the record while this command was running, at ${at}`;
}
