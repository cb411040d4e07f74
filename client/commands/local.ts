/** `cakeless local`: the whole service on this machine, for evaluation and tests. */
import { lstatSync } from 'node:fs';
import { writeDurably } from '../../lib/files/durable-file.ts';
import { NotOurFolder } from '../../local/data-folder.ts';
import { FolderInUse } from '../../local/folder-lock.ts';
import type { RunningLocal } from '../../local/local-options.ts';
import { CommandError, unusableFile } from '../errors.ts';
import { environmentsFolder, environmentText } from '../local-environments.ts';
import { startService } from '../local-service.ts';
import type { Terminal } from '../terminal.ts';

export interface LocalOptions {
  data: string;
  port: number;
  delay: number;
  writeEnv?: string;
  envFile?: string;
}

export async function runLocal(terminal: Terminal, options: LocalOptions): Promise<void> {
  const local = await start(options);
  try {
    const file = options.writeEnv ?? options.envFile;
    if (file) await writeSecret(file, environmentText(local, local.administrator));
    terminal.print(
      `cakeless local is ready at ${local.url} (for evaluation and tests only); environments of all principals: ${environmentsFolder(options.data)}`,
    );
    await untilSignal();
  } finally {
    await local.close();
  }
}

/**
 * Writes a new file that only its owner can read, and replaces an existing one, which others may own or have open. A
 * link is neither followed nor replaced: it could be /dev/stdout, or point to a file that its creator cannot write.
 * @throws CommandError if it cannot be written
 */
async function writeSecret(file: string, text: string): Promise<void> {
  try {
    const existing = lstatSync(file, { throwIfNoEntry: false });
    if (existing?.isFile() === false)
      throw new CommandError('usage', `${file}: not a regular file`, 'name another file');
    await writeDurably(file, text, 0o600);
  } catch (error) {
    throw error instanceof CommandError ? error : unusableFile(file, error);
  }
}

/** @throws CommandError if the port or the folder cannot be used */
async function start({ data, port, delay }: LocalOptions): Promise<RunningLocal> {
  try {
    return await startService({ dataDir: data, port, delayMs: delay });
  } catch (error) {
    if (error instanceof FolderInUse)
      throw new CommandError(
        'usage',
        error.message,
        'stop it, or choose another folder with --data',
      );
    if (error instanceof NotOurFolder)
      throw new CommandError(
        'usage',
        error.message,
        'choose a new folder with --data, or an empty one that only you can write to',
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
