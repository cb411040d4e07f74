/** `cakeless fetch`: its options. */
import type { Command } from 'commander';
import type { FetchCommandOptions } from '../commands/fetch.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import { tableOutputOption } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { addNodeOptions, waitOption } from './node-options.ts';
import { invitationOption, requestOption } from './place-options.ts';

export function addFetchCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('fetch')
    .description('read the outcomes of a request, check each certificate, and write it');
  addNodeOptions(command)
    .addOption(
      requestOption('the request id that submit printed; required without --invitation or --from'),
    )
    .addOption(invitationOption())
    .option('--from <file>', 'read the outcomes from this file, written by cakeless relay')
    .requiredOption('--out <dir>', 'where to write certificates, at the paths of their CSRs')
    .addOption(waitOption(OUTCOME_SECONDS))
    .addOption(tableOutputOption())
    .action(async (options: FetchCommandOptions) => {
      const { runFetch } = await import('../commands/fetch.ts');
      exit(await runFetch(connection, terminal, options));
    });
}
