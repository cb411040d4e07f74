/** `cakeless pack`: its options. */
import type { Command } from 'commander';
import type { PackOptions } from '../commands/pack.ts';
import type { Terminal } from '../terminal.ts';
import { addNodeOptions } from './node-options.ts';
import { newRequestOption } from './place-options.ts';

export function addPackCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('pack <dir>')
    .description('write the CSRs below DIR to a file for cakeless relay');
  addNodeOptions(command)
    .requiredOption('--out <file>', 'the file to write; it never contains a key')
    .addOption(newRequestOption())
    .action(async (folder: string, options: PackOptions) => {
      const { pack } = await import('../commands/pack.ts');
      await pack(terminal, folder, options);
    });
}
