/**
 * Writes a cluster record only over the version that this command read. A record file that is older than the record still
 * replaces it as a whole, so the fields that change are reported.
 */
import { listClusterRecords } from '../../lib/cluster/list-records.ts';
import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { clusterRecordKey } from '../../lib/contract/cluster-record.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import { Fault } from '../../lib/fault.ts';
import { formatDocument, readDocument } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { describeShortValidity } from '../node/timer/interval.ts';
import { writeOver } from '../write-over.ts';
import { type ExistingRecord, readExisting } from './existing-record.ts';
import { changedFields, describeChanges } from './record-changes.ts';
import { describeDifference } from './record-difference.ts';
import { describeNewNames } from './warn-of-names.ts';
import { warnOfValidity } from './warn-of-validity.ts';

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
  readonly warn: (line: string) => void;
  /** What to do if someone else changes the record at the same time. */
  readonly conflictHint: string;
}

export interface AppliedRecord {
  readonly change: 'created' | 'configured' | 'unchanged';
  readonly text: string;
  /** For `configured`: which fields change, such as `changed nodes; removed uploaders`. */
  readonly changes: string | undefined;
  /** For `configured`: what differs, a line for each value. */
  readonly difference: readonly string[];
  readonly record: ClusterRecord;
  readonly document: unknown;
}

/** @throws CommandError conflict if someone else changed the record in the meantime; theirs stays as it is */
export async function applyRecord(
  authority: ObjectStore,
  { cluster, build, dryRun, warn, conflictHint }: RecordChange,
): Promise<AppliedRecord> {
  const before = await readExisting(authority, cluster);
  const { document, record } = build(before);
  if (record.cluster !== cluster)
    throw new CommandError(
      'usage',
      `cluster ${cluster}: the record belongs to cluster ${record.cluster}`,
    );
  if (before?.problem !== undefined)
    warn(`warning: the record that this one replaces cannot be read: ${before.problem}`);
  await checkTrustDomain(authority, record, trustDomainIn(before?.value), warn);
  warnOfValidity(record, warn);
  const shortValidity = describeShortValidity(record.validitySeconds);
  if (shortValidity !== undefined) warn(shortValidity);
  const text = formatDocument(document);
  const changes = before && describeChanges(before.value, document);
  if (before && formatDocument(before.value) === text)
    return { change: 'unchanged', text, changes: undefined, difference: [], record, document };
  const newNames = before && describeNewNames(before.value, document);
  if (newNames !== undefined) warn(newNames);
  if (!dryRun) await write(authority, cluster, text, before, conflictHint);
  const difference = describeDifference(before?.value, document);
  return { change: before ? 'configured' : 'created', text, changes, difference, record, document };
}

/** Also of a record that cannot be read: its replacement may move the cluster to another trust domain. */
function trustDomainIn(value: unknown): string | undefined {
  const { trustDomain } = (value ?? {}) as { trustDomain?: unknown };
  return typeof trustDomain === 'string' ? trustDomain : undefined;
}

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

/** The choice of a trust domain decides which clusters trust each other, so its consequences are shown here. */
async function checkTrustDomain(
  authority: ObjectStore,
  { cluster, trustDomain }: ClusterRecord,
  old: string | undefined,
  warn: (line: string) => void,
): Promise<void> {
  if (!(await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema)))
    throw new CommandError(
      'usage',
      `trust domain ${trustDomain}: does not exist`,
      `list the trust domains with cakeless trust-domain list, or create it with cakeless trust-domain create ${trustDomain}`,
    );
  if (old === trustDomain) return;
  if (old !== undefined)
    warn(
      `warning: cluster ${cluster} moves from trust domain ${old} to ${trustDomain}: other CAs will issue its next certificates, and nothing in the cluster trusts them yet`,
    );
  const others = await clustersOf(authority, trustDomain, cluster, warn);
  if (others.length > 0)
    warn(
      `warning: trust domain ${trustDomain} is shared with ${shortList(others)}: a client certificate of one cluster is valid in all of them`,
    );
}

async function clustersOf(
  authority: ObjectStore,
  trustDomain: string,
  except: string,
  warn: (line: string) => void,
): Promise<string[]> {
  const found: string[] = [];
  for (const [cluster, record] of await listClusterRecords(authority)) {
    if (cluster === except) continue;
    if (record instanceof Fault)
      warn(
        `warning: it is unknown whether cluster ${cluster} shares trust domain ${trustDomain}: ${record.message}`,
      );
    else if (record.trustDomain === trustDomain) found.push(cluster);
  }
  return found;
}

const MAX_SHOWN = 5;

function shortList(names: readonly string[]): string {
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  return `${names.slice(0, MAX_SHOWN).join(', ')}${more}`;
}
