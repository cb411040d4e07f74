/** `cakeless local`: the whole service on this machine, for evaluation and tests. */
import { closeSync, fchmodSync, fstatSync, openSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { FolderInUse } from '../../local/folder-lock.ts';
import type { RunningLocal } from '../../local/local-options.ts';
import { CommandError, unusableFile } from '../errors.ts';
import { environmentsFolder, environmentText } from '../local-environments.ts';
import { startService } from '../local-service.ts';
import { portNumber } from '../options.ts';
import type { Terminal } from '../terminal.ts';

interface LocalOptions {
  data: string;
  port: number;
  envFile?: string;
}

export function addLocalCommand(program: Command, terminal: Terminal): void {
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
      try {
        if (options.envFile)
          writeSecret(options.envFile, environmentText(local, local.administrator));
        terminal.print(
          `cakeless local is ready at ${local.url} (for evaluation and tests only); environments of all principals: ${environmentsFolder(options.data)}`,
        );
        await untilSignal();
      } finally {
        await local.close();
      }
    });
}

/** Readable by its owner only, also if the file exists. @throws CommandError if it cannot be written */
function writeSecret(file: string, text: string): void {
  try {
    const opened = openSync(file, 'w', 0o600);
    try {
      if (fstatSync(opened).isFile()) fchmodSync(opened, 0o600);
      writeFileSync(opened, text);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    throw unusableFile(file, error);
  }
}

/** @throws CommandError if the port or the folder cannot be used */
async function start({ data, port }: LocalOptions): Promise<RunningLocal> {
  try {
    return await startService({ dataDir: data, port });
  } catch (error) {
    if (error instanceof FolderInUse)
      throw new CommandError(
        'usage',
        error.message,
        `stop it, or choose another folder with --data; if that process is not cakeless local, remove ${error.lockFile}`,
      );
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new CommandError(
        'usage',
        `127.0.0.1:${port}: port is in use`,
        'choose another port with --port, or use --port 0 for any free port',
      );
    if (['EEXIST', 'ENOTDIR'].includes(code))
      throw new CommandError(
        'usage',
        `${(error as NodeJS.ErrnoException).path ?? data}: not a folder`,
        'choose another folder with --data',
      );
    throw error;
  }
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
