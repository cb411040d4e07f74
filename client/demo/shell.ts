/** Runs `cakeless` as a user would: one process per command, with the credentials of one principal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const COMMAND = resolve('client', 'cakeless.mjs');

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Prints the command line, runs it to completion and returns its output. */
export async function cakeless(
  environment: Record<string, string>,
  ...args: string[]
): Promise<Run> {
  console.log(`\n$ cakeless ${args.map(quoted).join(' ')}`);
  const child = start(environment, args);
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number>((done) => child.once('close', (code) => done(code ?? 1))),
  ]);
  return { exitCode, stdout, stderr };
}

/** An argument as a user would type it in the folder of the repository. */
function quoted(argument: string): string {
  const short = argument.replace(`${resolve()}/`, '');
  return /^[\w@%+=:,./-]+$/.test(short) ? short : `'${short}'`;
}

/** Starts `cakeless local` and waits until it is ready. */
export async function startLocal(dataDir: string, environmentFile: string): Promise<ChildProcess> {
  const args = ['local', '--data', dataDir, '--port', '0', '--write-env', environmentFile];
  console.log('$ cakeless local --data … --port 0 --write-env …');
  // its warning about the removed private key would appear between the tables
  const child = start({ POWERTOOLS_LOG_LEVEL: 'ERROR' }, args);
  child.stderr?.pipe(process.stderr);
  await new Promise<void>((ready, failed) => {
    child.once('close', (code) => failed(new Error(`cakeless local exited with ${code}`)));
    child.stdout?.once('data', (line) => {
      process.stdout.write(line);
      ready();
    });
  });
  return child;
}

/** Parses shell assignments into an environment. */
export function readEnvironmentFile(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(\w+)='(.*)'$/.exec(line) ?? [];
      return [name, value];
    }),
  );
}

/** The environment of another principal of the local service: a node of a cluster, the approver. */
export function environmentAs(
  name: string,
  dataDir: string,
  base: Record<string, string>,
): Record<string, string> {
  const file = join(dataDir, 'principals.json');
  const principals: { name: string; accessKeyId: string; secretAccessKey: string }[] = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  const principal = principals.find((candidate) => candidate.name === name);
  if (!principal) throw new Error(`${file}: no principal ${name}`);
  return {
    ...base,
    AWS_ACCESS_KEY_ID: principal.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principal.secretAccessKey,
  };
}

function start(environment: Record<string, string>, args: readonly string[]) {
  return spawn(process.execPath, ['--', COMMAND, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
