/** `cakeless schema`: its options. */
import { Argument, type Command } from 'commander';
import { tableOutputOption } from '../options.ts';
import { DOCUMENT_NAMES } from '../schemas/document-names.ts';
import { suggest } from '../suggestions.ts';
import type { OutputFormat, Terminal } from '../terminal.ts';

export function addSchemaCommand(program: Command, terminal: Terminal): void {
  program
    .command('schema')
    .addArgument(
      suggest(
        new Argument('[name]', 'the document; without it, the documents are listed'),
        DOCUMENT_NAMES,
      ),
    )
    .description('print the JSON Schema of a document, for editors and other programs')
    .addOption(tableOutputOption())
    .action(async (name: string | undefined, { output }: { output: OutputFormat }) => {
      const { listDocuments, printSchema } = await import('../commands/schema.ts');
      if (name === undefined) listDocuments(terminal, output);
      else printSchema(terminal, name);
    });
}
