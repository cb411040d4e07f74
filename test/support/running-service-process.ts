/** `cakeless local` as a child process, which can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { environmentAs, readEnvironmentFile } from '../../client/demo/shell.ts';
import { serviceProgram } from './service-program.ts';

export type Environment = Record<string, string>;

export interface ServiceProcess {
  /** The variables of its env file: the administrator's environment. */
  readonly environment: Environment;
  readonly envFile: string;
  as(principal: string): Environment;
  /** What it has written to standard error. */
  errors(): string;
  /** Resolves when the process has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export const COMMAND = resolve('client', 'cakeless.mjs');
const COUNT_SIGNATURES = resolve('test', 'support', 'count-signatures.mjs');

/**
 * Starts it on a folder, and waits until it is ready.
 * @param signatures a file that gets a byte for each KMS Sign
 * @param logLevel of the functions, which log to standard error
 */
export async function startServiceProcess(
  folder: string,
  signatures?: string,
  logLevel: 'SILENT' | 'ERROR' = 'SILENT',
): Promise<ServiceProcess> {
  const data = join(folder, 'data');
  const envFile = join(folder, 'env');
  const program = await serviceProgram();
  const counting = signatures === undefined ? [] : ['--import', COUNT_SIGNATURES];
  const args = [
    ...counting,
    '--',
    program,
    'local',
    '--data',
    data,
    '--port',
    '0',
    '--write-env',
    envFile,
  ];
  const env = { ...process.env, POWERTOOLS_LOG_LEVEL: logLevel, SIGNATURES: signatures };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  await firstOutput(child, ended, () => errors);
  const environment = readEnvironmentFile(envFile);
  return {
    environment,
    envFile,
    as: (principal) => environmentAs(principal, data, environment),
    errors: () => errors,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

async function firstOutput(
  child: ChildProcess,
  ended: Promise<void>,
  errors: () => string,
): Promise<void> {
  const first = new Promise<boolean>((done) => child.stdout?.once('data', () => done(true)));
  const ready = await Promise.race([first, ended.then(() => false)]);
  if (!ready) throw new Error(`cakeless local ended: ${errors()}`);
}
