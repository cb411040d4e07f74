/**
 * The names that all clusters of a trust domain declare. They have the same CAs, so a kubelet's certificate must not have
 * the name of a server in any of them.
 */
import { clusterOfRecordKey } from '../contract/cluster-record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import { MAX_DOCUMENT_BYTES, parseDocumentObject } from '../store/documents.ts';
import type { ListedObject, ObjectStore } from '../store/object-store.ts';
import { type ClusterNames, namesOfCluster } from './cluster-names.ts';
import { requireRecordOf } from './read-record.ts';
import { parseClusterRecord } from './record.ts';

export interface TrustDomainNames {
  readonly trustDomain: string;
  readonly clusters: readonly ClusterNames[];
  /** When the newest cluster record of all was written, by the clock of S3; undefined if there is no record. */
  readonly changedAt: Date | undefined;
}

type Authority = Pick<ObjectStore, 'get' | 'list'>;

/** A record can be 4 MiB: this many are in memory at a time. */
const CONCURRENT_READS = 8;

/**
 * Lists the records, and reads those that have changed since they were last read, by their ETags. S3's ETag is MD5, so
 * the author of a record could hide a change of it; what that hides is the author's own names, which they could also
 * leave out. (Decisions about a cluster itself compare its record byte by byte.)
 * @throws Fault document-malformed for a record that cannot be read, unless it says that it is of another trust domain
 */
export async function readTrustDomainNames(
  authority: Authority,
  trustDomain: string,
): Promise<TrustDomainNames> {
  const listed: ListedObject[] = [];
  for await (const object of authority.list(AUTHORITY_PREFIXES.clusters))
    if (clusterOfRecordKey(object.key) !== undefined) listed.push(object);
  const kept = keptOf(authority);
  forgetOthers(kept, listed);
  const clusters: ClusterNames[] = [];
  for (let i = 0; i < listed.length; i += CONCURRENT_READS) {
    const some = listed.slice(i, i + CONCURRENT_READS);
    const entries = await Promise.all(
      some.map(({ key, eTag }) => entryOf(authority, kept, key, eTag, trustDomain)),
    );
    for (const entry of entries)
      if (entry?.trustDomain === trustDomain && entry.names) clusters.push(entry.names);
  }
  clusters.sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  const times = listed.map(({ lastModified }) => lastModified.getTime());
  const newest = times.reduce((latest, time) => Math.max(latest, time), Number.NEGATIVE_INFINITY);
  const changedAt = times.length === 0 ? undefined : new Date(newest);
  return { trustDomain, clusters, changedAt };
}

interface Entry {
  readonly eTag: string;
  readonly trustDomain: string;
  /** undefined if the record was of a trust domain that was not needed when it was read. */
  readonly names: ClusterNames | undefined;
  /** Of the document, in bytes: its names are not larger by much. */
  readonly size: number;
}

type Kept = Map<string, Entry>;

/** By bucket. */
const buckets = new WeakMap<object, Kept>();
const MOST_KEPT_BYTES = 32 * 1024 * 1024;

function keptOf(authority: Authority): Kept {
  const kept = buckets.get(authority) ?? new Map<string, Entry>();
  buckets.set(authority, kept);
  return kept;
}

/** Records that were deleted; and everything if the names take too much memory. */
function forgetOthers(kept: Kept, listed: readonly ListedObject[]): void {
  const keys = new Set(listed.map(({ key }) => key));
  for (const key of kept.keys()) if (!keys.has(key)) kept.delete(key);
  let bytes = 0;
  for (const { names, size } of kept.values()) if (names) bytes += size;
  if (bytes > MOST_KEPT_BYTES) kept.clear();
}

async function entryOf(
  authority: Authority,
  kept: Kept,
  key: string,
  eTag: string,
  trustDomain: string,
): Promise<Entry | undefined> {
  const before = kept.get(key);
  const isKnown = before?.eTag === eTag && (before.names || before.trustDomain !== trustDomain);
  const entry = isKnown ? before : await readEntry(authority, key, trustDomain);
  if (entry) kept.set(key, entry);
  return entry;
}

async function readEntry(
  authority: Authority,
  key: string,
  trustDomain: string,
): Promise<Entry | undefined> {
  const object = await authority.get(key, MAX_DOCUMENT_BYTES);
  if (!object) return undefined; // deleted since
  const { eTag, size } = object;
  const value = parseDocumentObject(object, key);
  const named = trustDomainIn(value);
  if (named !== undefined && named !== trustDomain)
    return { eTag, size, trustDomain: named, names: undefined };
  const record = requireRecordOf(clusterOfRecordKey(key) ?? '', parseClusterRecord(value));
  return { eTag, size, trustDomain: record.trustDomain, names: namesOfCluster(record) };
}

/** Even of a record that is not valid. */
function trustDomainIn(value: unknown): string | undefined {
  const { trustDomain } = (value ?? {}) as { trustDomain?: unknown };
  return typeof trustDomain === 'string' ? trustDomain : undefined;
}
