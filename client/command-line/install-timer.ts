/** `cakeless install-timer`: its options. */
import type { Command } from 'commander';
import type { TimerOptions } from '../node/timer/install-timer.ts';
import type { Terminal } from '../terminal.ts';
import { addUnitOptions, expiresWithinOption } from './node-options.ts';

export function addInstallTimerCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('install-timer')
    .description('install and start a systemd timer that runs cakeless renew all');
  addUnitOptions(command)
    .addOption(
      expiresWithinOption(
        'which certificates a run renews: those that expire within this time, such as 60d, or in this last fraction of their lifetime (default: 1/3)',
      ),
    )
    .action(async (options: TimerOptions) => {
      const { installTimerHere } = await import('../commands/install-timer.ts');
      await installTimerHere(terminal, options);
    });
}
