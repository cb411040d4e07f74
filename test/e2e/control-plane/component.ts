/** A program of a static pod manifest, run as the kubelet runs it: with the command that kubeadm wrote. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** Named as their manifests. */
export const COMPONENT_NAMES = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
] as const;

export type ComponentName = (typeof COMPONENT_NAMES)[number];

/** The command of the container: program, then flags. */
export function commandOf(manifest: string): string[] {
  const [container] = parse(readFileSync(manifest, 'utf8')).spec.containers;
  return [...container.command, ...(container.args ?? [])];
}

/** The command with other values for some flags. Missing flags are added. */
export function withFlags(command: readonly string[], flags: Record<string, string>): string[] {
  const replaced = (word: string) => Object.keys(flags).some((flag) => word.startsWith(`${flag}=`));
  return [
    ...command.filter((word) => !replaced(word)),
    ...Object.entries(flags).map(([flag, value]) => `${flag}=${value}`),
  ];
}

export class Component {
  readonly logFile: string;
  readonly startedAt = new Date();
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #running = true;

  /** @param command the whole command line, including what enters the namespaces */
  constructor(command: readonly string[], logFile: string, env?: NodeJS.ProcessEnv) {
    const [program = '', ...args] = command;
    this.logFile = logFile;
    const log = openSync(logFile, 'a', 0o600);
    this.#child = spawn(program, args, { stdio: ['ignore', log, log], ...(env && { env }) });
    closeSync(log);
    this.#ended = new Promise((done) => {
      const end = () => {
        this.#running = false;
        done();
      };
      this.#child.once('close', end);
      this.#child.once('error', end);
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** Of the program itself, if nothing enters namespaces for it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Stops it with the signal, and with SIGKILL after the grace period. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 60_000): Promise<void> {
    this.#kill(signal);
    const force = setTimeout(() => this.#kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(force);
  }

  /** nsenter waits for the program, which is a child of its in another process namespace, and passes on no signal. */
  #kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || !this.#running) return;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    for (const target of children === '' ? [pid] : children.split(' ').map(Number))
      process.kill(target, signal);
  }

  ended(): Promise<void> {
    return this.#ended;
  }

  /** The last line of its log that matches. */
  lastLine(pattern: RegExp): string | undefined {
    return this.log()
      .split('\n')
      .filter((line) => pattern.test(line))
      .at(-1);
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }
}
