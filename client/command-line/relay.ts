/** `cakeless relay`: its options. */
import type { Command } from 'commander';
import type { RelayOptions } from '../commands/relay.ts';
import type { Connection } from '../connection.ts';
import type { ExitCode } from '../exit-codes.ts';
import { OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import type { Terminal } from '../terminal.ts';
import { nodeConfigOption, waitOption } from './node-options.ts';
import { addPlaceOptions } from './place-options.ts';

export function addRelayCommand(
  program: Command,
  connection: Connection,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('relay <file>')
    .description(
      'upload a file from cakeless pack, wait, and write the outcomes to a file for the node',
    );
  addPlaceOptions(command, {
    cluster: 'the cluster that the file must be from',
    node: 'the node that the file must be from',
    required: true,
  })
    .addOption(nodeConfigOption('bucket and region'))
    .requiredOption('--out <file>', 'the file to write, for cakeless fetch --from')
    .addOption(waitOption(OUTCOME_SECONDS))
    .action(async (file: string, options: RelayOptions) => {
      const { runRelay } = await import('../commands/relay.ts');
      exit(await runRelay(connection, terminal, file, options));
    });
}
