/** Replaces `client/command-line/local.ts` in the bundles: nodes do not need the service itself. */
import type { Command } from 'commander';
import { LOCAL_DESCRIPTION } from '../command-line/local-description.ts';
import { CommandError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';

/** @param inClone where client/cakeless.mjs runs this command from the sources */
export function addLocalCommand(program: Command, _terminal?: Terminal, inClone = false): void {
  program
    .command('local', { hidden: !inClone })
    .description(
      inClone
        ? LOCAL_DESCRIPTION
        : 'not available in this form of the client; run `npx cakeless local` in a clone of the repository',
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new CommandError(
        'usage',
        'local: not available in this form of the client',
        'in a clone of the repository, run npx cakeless local',
      );
    });
}
