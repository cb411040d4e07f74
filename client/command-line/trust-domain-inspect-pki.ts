/** `cakeless trust-domain inspect-pki`: its options. */
import type { Command } from 'commander';
import type { InspectOptions } from '../commands/inspect-pki.ts';
import type { ExitCode } from '../exit-codes.ts';
import { tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { adoptableCaOption } from './adoptable-ca.ts';
import { addFolderOptions } from './node-options.ts';

export function addInspectPkiCommand(
  group: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  addFolderOptions(
    group
      .command('inspect-pki')
      .description(
        'show what an adoption would take from this control plane, and whether it is possible; reads files only',
      ),
  )
    .addOption(adoptableCaOption('inspect only this CA'))
    .addOption(tableOutputOption())
    .action(async (options: InspectOptions) => {
      const { inspectPki } = await import('../commands/inspect-pki.ts');
      exit(await inspectPki(terminal, options, new Date()));
    });
}
