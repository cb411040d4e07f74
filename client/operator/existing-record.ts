/** The cluster record that a command is about to replace, even if it cannot be read. */
import { requireRecordOf } from '../../lib/cluster/read-record.ts';
import { parseClusterRecord } from '../../lib/cluster/record.ts';
import {
  type ClusterRecordDocument,
  clusterRecordKey,
  clusterRecordSchema,
} from '../../lib/contract/cluster-record.ts';
import {
  checkDocument,
  orMalformed,
  parseDocumentObject,
  readDocumentObject,
} from '../../lib/store/documents.ts';
import type { BucketObject, ObjectStore } from '../../lib/store/object-store.ts';

export interface ExistingRecord {
  readonly object: BucketObject;
  /** undefined if it is not JSON. */
  readonly value: unknown;
  /** Either the record, or why it cannot be read. */
  readonly record: ClusterRecordDocument | undefined;
  readonly problem: string | undefined;
}

/** undefined if the cluster has no record */
export async function readExisting(
  authority: ObjectStore,
  cluster: string,
): Promise<ExistingRecord | undefined> {
  const key = clusterRecordKey(cluster);
  const object = await readDocumentObject(authority, key);
  if (!object) return undefined;
  let value: unknown;
  try {
    value = parseDocumentObject(object, key);
    const record = checkDocument(value, key, clusterRecordSchema);
    // as strict as the functions: what they reject is not a record to build on
    requireRecordOf(cluster, parseClusterRecord(record));
    return { object, value, record, problem: undefined };
  } catch (error) {
    return { object, value, record: undefined, problem: orMalformed(error).message };
  }
}
