import { clusterRecordKey } from '../contract/cluster-record.ts';
import { Fault } from '../fault.ts';
import type { ObjectReader } from '../store/object-store.ts';
import { lastRead, readOften } from '../store/often-read.ts';
import { type ClusterRecord, parseClusterRecord, type RecordResult } from './record.ts';

/** The record of a cluster; undefined if the cluster has no record. @throws Fault document-malformed */
export async function readClusterRecord(
  authority: ObjectReader,
  cluster: string,
): Promise<ClusterRecord | undefined> {
  const key = clusterRecordKey(cluster);
  const result = await readOften(authority, key, parseClusterRecord);
  return result && requireRecordOf(cluster, result);
}

/** The trust domain that the record named when it was last read: a guess, to avoid waiting for the record. */
export function lastKnownTrustDomain(authority: ObjectReader, cluster: string): string | undefined {
  return lastRead(authority, clusterRecordKey(cluster), parseClusterRecord)?.record?.trustDomain;
}

/** The record, if it is a valid one and that of the cluster whose key it has. @throws Fault document-malformed */
export function requireRecordOf(
  cluster: string,
  { record, problems }: RecordResult,
): ClusterRecord {
  const key = clusterRecordKey(cluster);
  if (!record) throw new Fault('document-malformed', `${key}: ${problems.join('; ')}`);
  if (record.cluster !== cluster)
    throw new Fault('document-malformed', `${key}: is the record of ${record.cluster}`);
  return record;
}
