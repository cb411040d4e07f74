import { Fault } from '../fault.ts';
import { isSubdomain } from '../names.ts';
import { readOften } from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type ClusterRecord, parseClusterRecord } from './record.ts';

export const clusterRecordKey = (cluster: string) => `clusters/${cluster}.json`;

/** The cluster whose record lies at a key; undefined for any other key. */
export function clusterOfRecordKey(key: string): string | undefined {
  const cluster = /^clusters\/(.+)\.json$/.exec(key)?.[1];
  return cluster !== undefined && isSubdomain(cluster) ? cluster : undefined;
}

/** The record of a cluster; undefined if there is none. @throws Fault document-malformed */
export async function readClusterRecord(
  authority: ObjectStore,
  cluster: string,
): Promise<ClusterRecord | undefined> {
  const key = clusterRecordKey(cluster);
  const result = await readOften(authority, key, parseClusterRecord);
  if (!result) return undefined;
  const { record, problems } = result;
  if (!record) throw new Fault('document-malformed', `${key}: ${problems.join('; ')}`);
  if (record.cluster !== cluster)
    throw new Fault('document-malformed', `${key}: is the record of ${record.cluster}`);
  return record;
}
