/** `cakeless local` as a process of its own, to be asked over the network and to be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { environmentAs, readEnvironmentFile } from '../../client/demo/shell.ts';

export type Environment = Record<string, string>;

export interface ServiceProcess {
  /** What its env file says: the administrator's environment. */
  readonly environment: Environment;
  readonly envFile: string;
  as(principal: string): Environment;
  /** Ends when the process has. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export const COMMAND = resolve('client', 'cakeless.mjs');

/** Starts it on a folder; ready when it said so. */
export async function startServiceProcess(folder: string): Promise<ServiceProcess> {
  const data = join(folder, 'data');
  const envFile = join(folder, 'env');
  const args = ['--', COMMAND, 'local', '--data', data, '--port', '0', '--env-file', envFile];
  const env = { ...process.env, POWERTOOLS_LOG_LEVEL: 'SILENT' };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  await saidSomething(child, ended);
  const environment = readEnvironmentFile(envFile);
  return {
    environment,
    envFile,
    as: (principal) => environmentAs(principal, data, environment),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

async function saidSomething(child: ChildProcess, ended: Promise<void>): Promise<void> {
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const first = new Promise<boolean>((done) => child.stdout?.once('data', () => done(true)));
  const ready = await Promise.race([first, ended.then(() => false)]);
  if (!ready) throw new Error(`cakeless local ended: ${errors}`);
}
