/** A fake kubelet: it starts a component for each manifest in the folder, and stops those whose manifest is removed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

const PROGRAM = resolve('test', 'support', 'fake-component.cjs');
const LOOK_MS = 20;

export class FakeKubelet {
  /** Starts and stops in order: `+etcd`, `-etcd`. */
  readonly events: string[] = [];
  readonly #manifests: string;
  readonly #running = new Map<string, ChildProcess>();
  readonly #timer: NodeJS.Timeout;

  constructor(kubeconfigDir: string) {
    this.#manifests = join(kubeconfigDir, 'manifests');
    mkdirSync(this.#manifests, { recursive: true });
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  get running(): string[] {
    return [...this.#running.keys()].sort();
  }

  /** Kills a component, which is then restarted. */
  crash(name: string): void {
    this.#running.get(name)?.kill('SIGKILL');
  }

  close(): void {
    clearInterval(this.#timer);
    for (const child of this.#running.values()) child.kill('SIGKILL');
  }

  #look(): void {
    const wanted = readdirSync(this.#manifests).map((file) => file.replace(/\.yaml$/, ''));
    for (const [name, child] of this.#running) if (!wanted.includes(name)) child.kill('SIGTERM');
    for (const name of wanted) if (!this.#running.has(name)) this.#start(name);
  }

  #start(name: string): void {
    const pod = parse(readFileSync(join(this.#manifests, `${name}.yaml`), 'utf8'));
    const [, ...args] = pod.spec.containers[0].command as string[];
    const child = startFakeComponent(name, args);
    this.#running.set(name, child);
    this.events.push(`+${name}`);
    child.once('exit', () => {
      this.#running.delete(name);
      this.events.push(`-${name}`);
    });
  }
}

/** @param name its name in /proc */
export const startFakeComponent = (name: string, args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [PROGRAM, ...args], {
    argv0: name,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

export function writeManifest(
  kubeconfigDir: string,
  name: string,
  version: string,
  flags: readonly string[],
): void {
  const command = [name, ...flags].map((word) => `    - ${word}`).join('\n');
  const folder = join(kubeconfigDir, 'manifests');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, `${name}.yaml`),
    `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: registry.k8s.io/${name}:${version}\n    command:\n${command}\n`,
    { mode: 0o600 },
  );
}

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
