/** Runs `cakeless` as a user would: one process per command, with the credentials of one principal. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { environmentFileName, environmentsFolder } from '../local-environments.ts';
import { shellWord } from '../wording/shell.ts';

/** The sources, never a bundle. */
const COMMAND = resolve('client', 'from-source.mjs');

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A principal that runs commands: its environment, and the file with it. */
export interface Actor {
  readonly environmentFile: string;
  readonly environment: Record<string, string>;
}

/**
 * Prints each command so that it can be pasted into a shell in the clone, and runs it. `DIR` is the only thing that differs
 * from run to run, so the same lines work with any other folder.
 */
export class Session {
  readonly #folder: string;
  #actor = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Runs the command to completion and returns its output. */
  async cakeless({ environmentFile, environment }: Actor, ...args: string[]): Promise<Run> {
    console.log('');
    if (environmentFile !== this.#actor)
      console.log(`$ set -a; . ${this.word(environmentFile)}; set +a`);
    this.#actor = environmentFile;
    console.log(`$ ${['npx', 'cakeless', ...args].map((arg) => this.word(arg)).join(' ')}`);
    const child = start(environment, args);
    const [stdout, stderr, exitCode] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise<number>((done) => child.once('close', (code) => done(code ?? 1))),
    ]);
    return { exitCode, stdout, stderr };
  }

  /** An argument as a user would type it in the folder of the repository. */
  word(argument: string): string {
    const below = `${this.#folder}/`;
    if (argument.startsWith(below)) return `$DIR/${shellWord(argument.slice(below.length))}`;
    return shellWord(argument.replace(`${resolve()}/`, ''));
  }
}

/** Starts `cakeless local` and waits until it is ready. */
export async function startLocal(
  session: Session,
  dataDir: string,
  environmentFile: string,
): Promise<ChildProcess> {
  const args = ['local', '--data', dataDir, '--port', '0', '-e', environmentFile];
  const words = args.map((arg) => session.word(arg));
  console.log(`$ npx cakeless ${words.join(' ')} &`);
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

/** The environment file that `cakeless local` writes for a principal. */
export function actor(name: string, dataDir: string): Actor {
  const environmentFile = join(environmentsFolder(dataDir), environmentFileName(name));
  return { environmentFile, environment: readEnvironmentFile(environmentFile) };
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
