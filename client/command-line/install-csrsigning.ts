/** `cakeless install-csrsigning`: its options. */
import type { Command } from 'commander';
import type { InstallCsrsigningOptions } from '../commands/install-csrsigning.ts';
import type { ExitCode } from '../exit-codes.ts';
import { RENEWAL_OUTCOME_SECONDS } from '../node/exchange/wait-seconds.ts';
import type { Terminal } from '../terminal.ts';
import { addUnitOptions, nodeConfigOption, waitOption } from './node-options.ts';

export function addInstallCsrsigningCommand(
  program: Command,
  terminal: Terminal,
  exit: (code: ExitCode) => void,
): void {
  const command = program
    .command('install-csrsigning')
    .description(
      'on a control plane, install and start a systemd unit that runs cakeless csrsigning',
    );
  addUnitOptions(command)
    .addOption(nodeConfigOption())
    .addOption(waitOption(RENEWAL_OUTCOME_SECONDS))
    .action(async (options: InstallCsrsigningOptions) => {
      const { installCsrsigningHere } = await import('../commands/install-csrsigning.ts');
      exit(await installCsrsigningHere(terminal, options));
    });
}
