/** Runs a program to its end, and keeps what it said. */
import { spawn } from 'node:child_process';

export interface Ran {
  /** 128 and more: a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** After this it is killed: a program that hangs must not keep everything from ending. */
  readonly timeoutMs?: number;
}

/** Far beyond what any of them takes on a slow machine. */
const TIMEOUT_MS = 300_000;

export function run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = '', ...args] = command;
  const { input = '', timeoutMs = TIMEOUT_MS, ...rest } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: 'pipe',
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...rest,
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text) => {
        said[stream] += text;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? 128, ...said }));
    child.stdin.on('error', () => undefined); // it may end without reading
    child.stdin.end(input);
  });
}

/** What it printed, where it had to succeed. @throws Error with its last words */
export async function mustRun(command: readonly string[], options?: RunOptions): Promise<string> {
  const ran = await run(command, options);
  if (ran.exitCode === 0) return ran.stdout;
  throw new Error(`${shown(command)} ended with ${ran.exitCode}: ${lastWords(ran)}`);
}

/** What it said against doing what it was asked, where it had to fail. @throws Error if it did it */
export async function mustFail(command: readonly string[], options?: RunOptions): Promise<string> {
  const ran = await run(command, options);
  if (ran.exitCode !== 0) return lastWords(ran);
  throw new Error(`${shown(command)} succeeded: ${ran.stdout}`);
}

const MAX_SHOWN = 600;

/** The last lines of what it said, without the hints that kubeadm and kubectl add. */
export function lastWords({ stdout, stderr }: Ran): string {
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('To see the stack trace'));
  return lines.slice(-3).join(' / ').slice(-MAX_SHOWN);
}

const shown = (command: readonly string[]) =>
  command.map((word) => word.replace(/^.*\/(?=kube|etcd)/, '')).join(' ');
