import { Fault } from '../fault.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { clusterOfRecordKey, readClusterRecord } from './read-record.ts';
import type { ClusterRecord } from './record.ts';

const AT_ONCE = 20;

/** Every cluster record, by cluster; a fault in place of one that is malformed. */
export async function listClusterRecords(
  authority: ObjectStore,
): Promise<Map<string, ClusterRecord | Fault>> {
  const clusters: string[] = [];
  for await (const { key } of authority.list('clusters/')) {
    const cluster = clusterOfRecordKey(key);
    if (cluster !== undefined) clusters.push(cluster);
  }
  const records = new Map<string, ClusterRecord | Fault>();
  for (let i = 0; i < clusters.length; i += AT_ONCE)
    await Promise.all(
      clusters.slice(i, i + AT_ONCE).map(async (cluster) => {
        const record = await readClusterRecord(authority, cluster).catch(orFault);
        if (record) records.set(cluster, record);
      }),
    );
  return records;
}

function orFault(error: unknown): Fault {
  if (error instanceof Fault && error.code === 'document-malformed') return error;
  throw error;
}
