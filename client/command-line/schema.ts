/** `cakeless schema`: its options. */
import type { Command } from 'commander';
import { tableOutputOption } from '../options.ts';
import type { OutputFormat, Terminal } from '../terminal.ts';

export function addSchemaCommand(program: Command, terminal: Terminal): void {
  program
    .command('schema')
    .argument('[name]', 'the document; without it, the documents are listed')
    .description('print the JSON Schema of a document, for editors and other programs')
    .addOption(tableOutputOption())
    .action(async (name: string | undefined, { output }: { output: OutputFormat }) => {
      const { listDocuments, printSchema } = await import('../commands/schema.ts');
      if (name === undefined) listDocuments(terminal, output);
      else printSchema(terminal, name);
    });
}
