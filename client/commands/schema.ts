/** `cakeless schema`: the JSON Schemas of Cakeless's documents. */
import { toJsonSchema } from '../../lib/schemas/json-schema.ts';
import { CommandError } from '../errors.ts';
import { DOCUMENTS } from '../schemas/documents.ts';
import { type OutputFormat, printResult, printText, type Terminal } from '../terminal.ts';

export function listDocuments(terminal: Terminal, output: OutputFormat): void {
  const listed = DOCUMENTS.map(({ name, title }) => ({ name, document: title }));
  printResult(terminal, output, listed, () => [
    {
      columns: ['NAME', { title: 'DOCUMENT', cut: 'end' }],
      rows: listed.map(({ name, document }) => [name, document]),
    },
  ]);
}

export function printSchema(terminal: Terminal, name: string): void {
  const document = DOCUMENTS.find((known) => known.name === name);
  if (!document)
    throw new CommandError(
      'usage',
      `${name}: no such document`,
      'run cakeless schema to list the documents',
    );
  printText(terminal.print, JSON.stringify(toJsonSchema(document), null, 2));
}
