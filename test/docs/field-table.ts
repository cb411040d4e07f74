/** The table of docs/cluster-record.md, generated from lib/schemas. */
import { CLUSTER_RECORD_FIELDS } from '../../lib/schemas/cluster-record-fields.ts';

export function fieldTable(): string {
  const rows = Object.entries(CLUSTER_RECORD_FIELDS).map(([path, field]) =>
    row(`\`${path}\``, field.default, field.example, field.allows),
  );
  return [
    row('field', 'default', 'example', 'what it allows'),
    row('---', '---', '---', '---'),
    ...rows,
  ].join('\n');
}

/** Empty cells have one space. */
const row = (...cells: readonly string[]) =>
  `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
