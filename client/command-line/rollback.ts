/** `cakeless rollback`: its options. */
import type { Command } from 'commander';
import type { RollbackCommandOptions } from '../commands/rollback.ts';
import type { ExitCode } from '../exit-codes.ts';
import { outputOption, restartTimeoutOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { addFolderOptions, addNodeOptions, kubeletDirOption } from './node-options.ts';

export function addRollbackCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('rollback [id]')
    .description(
      'restore the files that the last installation (or the one with this id) replaced, and restart the components that use them',
    );
  addFolderOptions(addNodeOptions(command))
    .addOption(kubeletDirOption())
    .option('--no-restart', 'restore the files, but do not restart anything')
    .option('--no-lease', 'do not wait for other nodes; use this if the bucket cannot be reached')
    .addOption(restartTimeoutOption())
    .option('--force', 'roll back despite objections')
    .option('--dry-run', 'show what would be restored; change nothing')
    .addOption(outputOption())
    .action(async (id: string | undefined, options: RollbackCommandOptions) => {
      const { rollBackThisNode } = await import('../commands/rollback.ts');
      exit(await rollBackThisNode(terminal, id, options));
    });
}
