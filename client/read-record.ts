import {
  type ClusterRecordDocument,
  clusterRecordKey,
  clusterRecordSchema,
} from '../lib/contract/cluster-record.ts';
import { readDocument } from '../lib/store/documents.ts';
import type { ObjectStore } from '../lib/store/object-store.ts';
import { CommandError } from './errors.ts';

/** @throws CommandError if the cluster has no record */
export async function readRecord(
  authority: ObjectStore,
  cluster: string,
): Promise<ClusterRecordDocument> {
  const record = await readDocument(authority, clusterRecordKey(cluster), clusterRecordSchema);
  if (record) return record;
  throw missingRecord(cluster);
}

/** The error for a cluster that has no record. */
export const missingRecord = (cluster: string): CommandError =>
  new CommandError(
    'usage',
    `cluster ${cluster}: no such cluster record`,
    `list the clusters with cakeless cluster list, or write the record with cakeless cluster apply ${cluster} --kubeadm-config FILE --trust-domain NAME`,
  );

/** @param problem why the record cannot be read; its fields would be lost if it were only changed */
export const unreadableRecord = (cluster: string, problem: string): CommandError =>
  new CommandError(
    'failure',
    problem,
    `replace the whole record with cakeless cluster apply ${cluster} -f RECORD`,
  );
