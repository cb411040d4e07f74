/** Replaces `client/command-line/local.ts` in the one-file client: nodes do not need the service itself. */
import type { Command } from 'commander';
import { CommandError } from '../errors.ts';

export function addLocalCommand(program: Command): void {
  program
    .command('local', { hidden: true })
    .description(
      'not available in the one-file client; run `npx cakeless local` in a clone of the repository',
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new CommandError(
        'usage',
        'local: not available in the one-file client',
        'in a clone of the repository, run npx cakeless local',
      );
    });
}
