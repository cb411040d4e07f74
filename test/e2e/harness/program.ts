/** Runs a program, and keeps what it prints. */
import { spawn } from 'node:child_process';

export interface Ran {
  /** 128 or more if a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** After this it is killed, so that a program that hangs does not hang the run. */
  readonly timeoutMs?: number;
}

/** Far more than any of them takes on a slow machine. */
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
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text) => {
        output[stream] += text;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? 128, ...output }));
    child.stdin.on('error', () => undefined); // it may exit without reading
    child.stdin.end(input);
  });
}

/** For a program that has to succeed. @returns standard output @throws Error with the last lines of its output */
export async function mustRun(command: readonly string[], options?: RunOptions): Promise<string> {
  const ran = await run(command, options);
  if (ran.exitCode === 0) return ran.stdout;
  throw new Error(`${shown(command)} exited with ${ran.exitCode}: ${lastLines(ran)}`);
}

/** For a program that has to fail. @returns the last lines of its output @throws Error if it succeeds */
export async function mustFail(command: readonly string[], options?: RunOptions): Promise<string> {
  const ran = await run(command, options);
  if (ran.exitCode !== 0) return lastLines(ran);
  throw new Error(`${shown(command)} succeeded: ${ran.stdout}`);
}

const MAX_SHOWN = 600;

/** The last lines of its output, without the hints that kubeadm and kubectl add. */
export function lastLines({ stdout, stderr }: Ran): string {
  const lines = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('To see the stack trace'));
  return lines.slice(-3).join(' / ').slice(-MAX_SHOWN);
}

const shown = (command: readonly string[]) =>
  command.map((word) => word.replace(/^.*\/(?=kube|etcd)/, '')).join(' ');
