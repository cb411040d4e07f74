/** The tables of docs/s3-contract.md that follow from lib/contract. */
import { DOCUMENTED_KEYS } from '../../lib/contract/keys.ts';
import { PREFIXES } from '../../lib/contract/prefixes.ts';

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const code = (text: string) => `\`${text}\``;

export function keyTable(): string {
  return [
    row('bucket', 'key', 'content', 'unknown fields'),
    row('---', '---', '---', '---'),
    ...DOCUMENTED_KEYS.map(({ bucket, key, content, document }) =>
      row(bucket, code(key), content, document?.unknownFields ?? ''),
    ),
  ].join('\n');
}

export function prefixTable(): string {
  return [
    row('bucket', 'prefix', 'contains'),
    row('---', '---', '---'),
    ...PREFIXES.map(({ bucket, prefix, holds }) => row(bucket, code(prefix), holds)),
  ].join('\n');
}
