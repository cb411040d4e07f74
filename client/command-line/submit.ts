/** `cakeless submit`: its options. */
import type { Command } from 'commander';
import type { SubmitOptions } from '../commands/submit.ts';
import type { Connection } from '../connection.ts';
import { outputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { addNodeOptions } from './node-options.ts';
import { invitationOption, newRequestOption } from './place-options.ts';

export function addSubmitCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
): void {
  const command = program
    .command('submit <dir>')
    .description('upload the CSRs below DIR; never reads or sends a key or a kubeconfig');
  addNodeOptions(command)
    .addOption(invitationOption())
    .addOption(newRequestOption('name of this request; the same id resumes an interrupted upload'))
    .addOption(outputOption())
    .action(async (folder: string, options: SubmitOptions) => {
      const { submitCsrs } = await import('../commands/submit.ts');
      await submitCsrs(connection, terminal, folder, options);
    });
}
