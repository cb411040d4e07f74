/** What applying a record would change, in the format of `diff -u`. */
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import { stringify } from 'yaml';
import { clusterRecordKey } from '../../lib/contract/cluster-record.ts';

/**
 * In YAML, which has a line for each value, whatever the format of the file.
 * @param before undefined if the cluster has no record
 * @param after as it would be stored
 * @param file the file that it is from
 * @returns nothing if they are the same
 */
export function unifiedDiff(
  cluster: string,
  before: unknown,
  after: unknown,
  file: string,
): string[] {
  const [old, next] = [before === undefined ? '' : asYaml(before), asYaml(after)];
  if (old === next) return [];
  const oldName = before === undefined ? '/dev/null' : clusterRecordKey(cluster);
  const patch = createTwoFilesPatch(oldName, file, old, next, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
  });
  return patch.trimEnd().split('\n');
}

const asYaml = (value: unknown): string => stringify(value, { lineWidth: 0 });
