/** `cakeless local`: the whole service on this machine, for evaluation and tests. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { RunningLocal } from '../../local/local-options.ts';
import { CommandError } from '../errors.ts';
import { environmentsFolder, environmentText } from '../local-environments.ts';
import { startService } from '../local-service.ts';
import { portNumber } from '../options.ts';
import { terminal } from '../terminal.ts';

interface LocalOptions {
  data: string;
  port: number;
  envFile?: string;
}

export function addLocalCommand(program: Command): void {
  program
    .command('local')
    .description(
      'run the service on this machine, on loopback only, for evaluation and tests: its CA keys are plain files',
    )
    .requiredOption('--data <dir>', 'folder for all state; created if it does not exist')
    .option('--port <number>', 'port on 127.0.0.1; 0 chooses a free one', portNumber, 4599)
    .option('-e, --env-file <file>', 'write shell assignments that point AWS tools at the service')
    .action(async (options: LocalOptions) => {
      const local = await start(options);
      if (options.envFile)
        writeFileSync(options.envFile, environmentText(local, local.administrator), {
          mode: 0o600,
        });
      terminal.print(
        `cakeless local is ready at ${local.url} (for evaluation and tests only); environments of all principals: ${environmentsFolder(options.data)}`,
      );
      await untilSignal();
      await local.close();
    });
}

/** @throws CommandError if another program uses the port */
async function start({ data, port }: LocalOptions): Promise<RunningLocal> {
  try {
    return await startService({ dataDir: data, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(
      'usage',
      `127.0.0.1:${port}: port is in use`,
      'choose another port with --port, or use --port 0 for any free port',
    );
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
