/**
 * Cluster records that cannot be read. Such a cluster gets no certificate, and no kubelet of its trust domain a serving
 * one, because the names of the cluster are unknown; if not even its trust domain can be read, no kubelet of any.
 */
import { clusterOfRecordKey, clusterRecordKey } from '../contract/cluster-record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import { orMalformed, parseDocumentObject, readDocumentObject } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { requireRecordOf } from './read-record.ts';
import { parseClusterRecord } from './record.ts';

export interface MalformedRecord {
  readonly key: string;
  readonly error: string;
}

type Authority = Pick<ObjectStore, 'get' | 'list'>;

const CONCURRENT_READS = 8;

/** What was found for each record that a process has read, by bucket and key. */
interface Known {
  readonly eTag: string;
  readonly error: string | undefined;
}
const buckets = new WeakMap<object, Map<string, Known>>();

/** Lists the records, and reads those that have changed since this process read them, by their ETags. */
export async function findMalformedRecords(authority: Authority): Promise<MalformedRecord[]> {
  const before = buckets.get(authority) ?? new Map<string, Known>();
  const known = new Map<string, Known>();
  const changed: { readonly cluster: string; readonly eTag: string }[] = [];
  for await (const { key, eTag } of authority.list(AUTHORITY_PREFIXES.clusters)) {
    const cluster = clusterOfRecordKey(key);
    if (cluster === undefined) continue;
    const earlier = before.get(key);
    if (earlier?.eTag === eTag) known.set(key, earlier);
    else changed.push({ cluster, eTag });
  }
  for (let i = 0; i < changed.length; i += CONCURRENT_READS)
    await Promise.all(
      changed.slice(i, i + CONCURRENT_READS).map(async ({ cluster, eTag }) => {
        const malformed = await requireReadable(authority, cluster).catch(orMalformed);
        known.set(clusterRecordKey(cluster), { eTag, error: malformed?.message });
      }),
    );
  buckets.set(authority, known);
  const malformed = [...known].flatMap(([key, { error }]) =>
    error === undefined ? [] : [{ key, error }],
  );
  return malformed.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The record is not kept: the process would otherwise have those of all clusters in memory. @throws Fault document-malformed */
async function requireReadable(authority: Authority, cluster: string): Promise<undefined> {
  const key = clusterRecordKey(cluster);
  const object = await readDocumentObject(authority, key);
  if (object) requireRecordOf(cluster, parseClusterRecord(parseDocumentObject(object, key)));
}
