/** `cakeless local`: the whole service on this machine, for trying out and testing. */
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
      'run the service on this machine, on loopback only, for trying out and testing: its CA keys are plain files',
    )
    .requiredOption('--data <dir>', 'folder that holds everything; made if absent')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes any free one', portNumber, 4599)
    .option('-e, --env-file <file>', 'write shell assignments with which any AWS tool reaches it')
    .action(async (options: LocalOptions) => {
      const local = await start(options);
      if (options.envFile)
        writeFileSync(options.envFile, environmentText(local, local.administrator), {
          mode: 0o600,
        });
      terminal.print(
        `cakeless local is ready at ${local.url} (for trying out and testing only); environments of other principals: ${environmentsFolder(options.data)}`,
      );
      await untilToldToStop();
      await local.close();
    });
}

/** @throws CommandError if another program has the port */
async function start({ data, port }: LocalOptions): Promise<RunningLocal> {
  try {
    return await startService({ dataDir: data, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(
      'usage',
      `port ${port} of 127.0.0.1 is taken`,
      'choose another one with --port; --port 0 takes any free one',
    );
  }
}

function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
