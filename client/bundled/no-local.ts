/** In the place of `client/commands/local.ts` in the one-file client: nodes have no use for the service itself. */
import type { Command } from 'commander';
import { CommandError } from '../errors.ts';

export function addLocalCommand(program: Command): void {
  program
    .command('local', { hidden: true })
    .description('not in the one-file client: run `npx cakeless local` in the repository')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new CommandError(
        'usage',
        'the one-file client has no local service',
        'run `npx cakeless local` in the repository',
      );
    });
}
