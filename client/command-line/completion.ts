/** `cakeless completion`: its argument. */
import { Argument, type Command } from 'commander';
import type { Shell } from '../reference/shells.ts';
import { SHELLS } from '../reference/shells.ts';
import type { Terminal } from '../terminal.ts';

export function addCompletionCommand(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { printCompletion } = await import('../commands/completion.ts');
      printCompletion(terminal, shell, program);
    });
}
