/** Finds what a field means, by its path. */
import { CLUSTER_RECORD_FIELDS } from './cluster-record-fields.ts';
import { COMMON_FIELDS } from './fields.ts';
import type { DescribedDocument, FieldDescription } from './json-schema.ts';

type Describe = DescribedDocument['describe'];

/** From the table of the document; other fields by name. */
export const describeWith =
  (fields: Readonly<Record<string, string>>): Describe =>
  (path) => {
    const text = fields[path] ?? COMMON_FIELDS[path.split('.').at(-1) ?? ''];
    return text === undefined ? undefined : { description: plain(text) };
  };

export const describeRecordField: Describe = (path) => {
  const field = CLUSTER_RECORD_FIELDS[path];
  if (!field) return undefined;
  const example = valueIn(field.example);
  const byDefault = valueIn(field.default);
  return {
    description: plain(field.allows),
    ...(byDefault !== undefined && { default: byDefault }),
    ...(example !== undefined && { examples: [example] }),
  } satisfies FieldDescription;
};

/** The value of a cell in code marks, or of a number; undefined for a cell that is prose. */
function valueIn(cell: string): unknown {
  const [, text] = /^`([^`]*)`$/.exec(cell) ?? [];
  if (text === undefined) return /^\d+$/.test(cell) ? Number(cell) : undefined;
  return /^(?:[[{]|true$|false$|\d+$)/.test(text) ? JSON.parse(text) : text;
}

/** Editors show descriptions as plain text. */
const plain = (markdown: string): string =>
  markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', '');
