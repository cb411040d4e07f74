/** `cakeless local`: its options. */
import { type Command, Option } from 'commander';
import type { LocalOptions } from '../commands/local.ts';
import { milliseconds, portNumber } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { LOCAL_DESCRIPTION } from './local-description.ts';

/** @param _inClone for the form that replaces this file in bundles */
export function addLocalCommand(program: Command, terminal: Terminal, _inClone?: boolean): void {
  program
    .command('local')
    .description(LOCAL_DESCRIPTION)
    .requiredOption('--data <dir>', 'folder for all state; created if it does not exist')
    .option('--port <number>', 'port on 127.0.0.1; 0 chooses a free one', portNumber, 4599)
    .addOption(
      new Option(
        '--delay <time>',
        'delay every call by this time, such as 20ms, as a network would',
      )
        .argParser(milliseconds)
        .default(0, '0ms'),
    )
    .option('-e, --write-env <file>', 'write shell assignments that point AWS tools at the service')
    // Scripts use this name, too. It is not shown: with npx, Node 20 treats it as its own option.
    .addOption(new Option('--env-file <file>', 'another name of --write-env').hideHelp())
    .action(async (options: LocalOptions) => {
      const { runLocal } = await import('../commands/local.ts');
      await runLocal(terminal, options);
    });
}
