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
    maxEditLength: MOST_EDITS,
  });
  return patch === undefined
    ? [`--- ${oldName}`, `+++ ${file}`, ...everything(linesOf(old), linesOf(next))]
    : patch.trimEnd().split('\n');
}

/** The time grows with the square: this many take a second, and a record with thousands of nodes would take hours. */
const MOST_EDITS = 2000;

/** The hunk that replaces each line, which is valid too. */
const everything = (old: readonly string[], next: readonly string[]): string[] => [
  `@@ -${rangeOf(old)} +${rangeOf(next)} @@`,
  ...old.map((line) => `-${line}`),
  ...next.map((line) => `+${line}`),
];

const rangeOf = ({ length }: readonly string[]) => (length === 0 ? '0,0' : `1,${length}`);
const linesOf = (text: string) => text.split('\n').slice(0, -1);

const asYaml = (value: unknown): string => stringify(value, { lineWidth: 0 });
