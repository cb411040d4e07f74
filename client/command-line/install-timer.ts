/** `cakeless install-timer`: its options. */
import type { Command } from 'commander';
import type { TimerOptions } from '../node/timer/install-timer.ts';
import type { Terminal } from '../terminal.ts';
import { expiresWithinOption } from './node-options.ts';

export function addInstallTimerCommand(program: Command, terminal: Terminal): void {
  program
    .command('install-timer')
    .description('install and start a systemd timer that runs cakeless renew all')
    .option('--print', 'print the units; install nothing')
    .option('--dry-run', 'show what would be written and called; change nothing')
    .option('--remove', 'stop the timer and remove the units')
    .option('--replace', 'replace units that were changed by hand')
    .option(
      '--command <command>',
      'how the unit calls cakeless (default: as this command was called)',
    )
    .addOption(
      expiresWithinOption(
        'which certificates a run renews: those that expire within this time, such as 60d, or in this last fraction of their lifetime (default: 1/3)',
      ),
    )
    .option('--unit-dir <dir>', 'folder for the units', '/etc/systemd/system')
    .action(async (options: TimerOptions) => {
      const { installTimerHere } = await import('../commands/install-timer.ts');
      await installTimerHere(terminal, options);
    });
}
