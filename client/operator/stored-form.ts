/** A cluster record as it is stored: one order of the fields, whatever the order in a file. */
import { clusterRecordSchema } from '../../lib/contract/cluster-record.ts';

/**
 * The fields in the order of the schema, without `$schema`: it says where a file's schema is, relative to the file, and an
 * older function would refuse it.
 * @returns the value itself if it is not a cluster record
 */
export function storedForm(value: unknown): unknown {
  const { data } = clusterRecordSchema.safeParse(value);
  if (!data) return value;
  const { $schema: _, ...document } = data;
  return document;
}
