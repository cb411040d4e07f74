import { clusterOfRecordKey } from '../contract/cluster-record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import type { Fault } from '../fault.ts';
import { orMalformed } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readClusterRecord } from './read-record.ts';
import type { ClusterRecord } from './record.ts';

const CONCURRENT_READS = 20;

/** Every cluster that has a record, readable or not. */
export async function listClusterNames(authority: ObjectStore): Promise<string[]> {
  const clusters: string[] = [];
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.clusters)) {
    const cluster = clusterOfRecordKey(key);
    if (cluster !== undefined) clusters.push(cluster);
  }
  return clusters;
}

/** Every cluster record, by cluster; for a record that is malformed, the fault. */
export async function listClusterRecords(
  authority: ObjectStore,
): Promise<Map<string, ClusterRecord | Fault>> {
  const clusters = await listClusterNames(authority);
  const records = new Map<string, ClusterRecord | Fault>();
  for (let i = 0; i < clusters.length; i += CONCURRENT_READS)
    await Promise.all(
      clusters.slice(i, i + CONCURRENT_READS).map(async (cluster) => {
        const record = await readClusterRecord(authority, cluster).catch(orMalformed);
        if (record) records.set(cluster, record);
      }),
    );
  return records;
}
