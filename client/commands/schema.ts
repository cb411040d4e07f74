/** `cakeless schema`: the JSON Schemas of Cakeless's documents. */
import type { Command } from 'commander';
import { toJsonSchema } from '../../lib/schemas/json-schema.ts';
import { CommandError } from '../errors.ts';
import { tableOutputOption } from '../options.ts';
import { DOCUMENTS } from '../schemas/documents.ts';
import { type OutputFormat, printResult, printText, type Terminal } from '../terminal.ts';

export function addSchemaCommand(program: Command, terminal: Terminal): void {
  program
    .command('schema')
    .argument('[name]', 'the document; without it, the documents are listed')
    .description('print the JSON Schema of a document, for editors and other programs')
    .addOption(tableOutputOption())
    .action((name: string | undefined, { output }: { output: OutputFormat }) =>
      name === undefined ? listDocuments(terminal, output) : printSchema(terminal, name),
    );
}

function listDocuments(terminal: Terminal, output: OutputFormat): void {
  const listed = DOCUMENTS.map(({ name, title }) => ({ name, document: title }));
  printResult(terminal, output, listed, () => [
    {
      columns: ['NAME', { title: 'DOCUMENT', cut: true }],
      rows: listed.map(({ name, document }) => [name, document]),
    },
  ]);
}

function printSchema(terminal: Terminal, name: string): void {
  const document = DOCUMENTS.find((known) => known.name === name);
  if (!document)
    throw new CommandError(
      'usage',
      `${name}: no such document`,
      'run cakeless schema to list the documents',
    );
  printText(terminal.print, JSON.stringify(toJsonSchema(document), null, 2));
}
