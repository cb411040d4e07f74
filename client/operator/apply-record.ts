/** Writes a cluster record only over the version that was read, so that no change by another person is lost. */

import type { ClusterRecord } from '../../lib/cluster/record.ts';
import { clusterRecordKey, clusterRecordSchema } from '../../lib/contract/cluster-record.ts';
import { AUTHORITY_PREFIXES } from '../../lib/contract/prefixes.ts';
import { trustDomainKey, trustDomainSchema } from '../../lib/contract/trust-domain.ts';
import {
  formatDocument,
  type JsonObject,
  readDocument,
  readJsonObject,
} from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { writeOver } from '../write-over.ts';

export interface RecordChange {
  readonly cluster: string;
  /**
   * Returns the record to write, as a document and checked.
   * @param before the record that exists
   */
  build(before: unknown): { readonly document: unknown; readonly record: ClusterRecord };
  readonly dryRun: boolean;
  readonly warn: (line: string) => void;
  /** What to do if someone else changes the record at the same time. */
  readonly conflictHint: string;
}

export interface AppliedRecord {
  readonly change: 'created' | 'configured' | 'unchanged';
  readonly text: string;
}

/** @throws CommandError conflict if someone else changed the record in the meantime; theirs stays as it is */
export async function applyRecord(
  authority: ObjectStore,
  { cluster, build, dryRun, warn, conflictHint }: RecordChange,
): Promise<AppliedRecord> {
  const before = await readJsonObject(authority, clusterRecordKey(cluster));
  const { document, record } = build(before?.value);
  if (record.cluster !== cluster)
    throw new CommandError(
      'usage',
      `cluster ${cluster}: the record belongs to cluster ${record.cluster}`,
    );
  await checkTrustDomain(authority, record, before?.value, warn);
  const text = formatDocument(document);
  if (before && formatDocument(before.value) === text) return { change: 'unchanged', text };
  if (!dryRun) await write(authority, cluster, text, before, conflictHint);
  return { change: before ? 'configured' : 'created', text };
}

async function write(
  authority: ObjectStore,
  cluster: string,
  text: string,
  before: JsonObject | undefined,
  conflictHint: string,
): Promise<void> {
  const key = clusterRecordKey(cluster);
  if (await writeOver(authority, key, text, before?.object.eTag)) return;
  const current = await readJsonObject(authority, key);
  throw new CommandError(
    'conflict',
    `cluster ${cluster}: ${describeConflict(before, current)}; nothing was written`,
    conflictHint,
  );
}

function describeConflict(before: JsonObject | undefined, current: JsonObject | undefined): string {
  if (!current) return 'someone else removed the record while this command was running';
  const what = before ? `changed ${describeChange(before.value, current.value)} in` : 'created';
  const at = current.object.lastModified.toISOString();
  return `someone else ${what} the record while this command was running, at ${at}`;
}

function describeChange(before: unknown, current: unknown): string {
  const [old, now] = [fieldsOf(before), fieldsOf(current)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
  const changed = names.filter((name) => JSON.stringify(old[name]) !== JSON.stringify(now[name]));
  return changed.join(', ') || 'the formatting';
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === 'object' ? { ...value } : {};
}

/** The choice of a trust domain decides which clusters trust each other, so its consequences are shown here. */
async function checkTrustDomain(
  authority: ObjectStore,
  { cluster, trustDomain }: ClusterRecord,
  before: unknown,
  warn: (line: string) => void,
): Promise<void> {
  if (!(await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema)))
    throw new CommandError(
      'usage',
      `trust domain ${trustDomain}: does not exist`,
      `create it with cakeless trust-domain create ${trustDomain}`,
    );
  const old = clusterRecordSchema.safeParse(before).data?.trustDomain;
  if (old === trustDomain) return;
  if (old !== undefined)
    warn(
      `warning: cluster ${cluster} moves from trust domain ${old} to ${trustDomain}: other CAs will issue its next certificates, and nothing in the cluster trusts them yet`,
    );
  const others = await clustersOf(authority, trustDomain, cluster);
  if (others.length > 0)
    warn(
      `warning: trust domain ${trustDomain} is shared with ${shortList(others)}: a client certificate of one cluster is valid in all of them`,
    );
}

async function clustersOf(
  authority: ObjectStore,
  trustDomain: string,
  except: string,
): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.clusters)) {
    const other = await readDocument(authority, key, clusterRecordSchema);
    if (other?.trustDomain === trustDomain && other.cluster !== except) found.push(other.cluster);
  }
  return found;
}

const MAX_SHOWN = 5;

function shortList(names: readonly string[]): string {
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  return `${names.slice(0, MAX_SHOWN).join(', ')}${more}`;
}
