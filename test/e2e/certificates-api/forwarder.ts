/** `cakeless csrsigning` as a process that can be killed. */
import { mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { dirname } from 'node:path';
import { Hopeless, until } from '../../support/until.ts';
import { Component } from '../control-plane/component.ts';

export interface ForwarderPlan {
  /** The command line after `cakeless`. */
  readonly args: readonly string[];
  /** The command as it is installed. */
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly healthPort: number;
  readonly logFile: string;
}

export class Forwarder {
  readonly #plan: ForwarderPlan;
  #process: Component;
  #stopped = false;

  constructor(plan: ForwarderPlan) {
    this.#plan = plan;
    mkdirSync(dirname(plan.logFile), { recursive: true });
    this.#process = this.#start();
  }

  #start(): Component {
    const { args, program, environment, healthPort, logFile } = this.#plan;
    const address = ['--health-address', `127.0.0.1:${healthPort}`];
    const command = [process.execPath, '--', program, ...args, ...address];
    return new Component(command, logFile, { ...process.env, ...environment });
  }

  /** @returns after its own health endpoint says that it is ready */
  async ready(limitMs?: number): Promise<void> {
    await until(
      'a ready forwarder',
      async () => {
        if (!this.#process.running) throw new Hopeless(`it ended: ${this.log().slice(-600)}`);
        const { status, body } = await this.health('/readyz');
        if (status !== 200) throw new Error(`${status} ${body}`);
        return true;
      },
      limitMs,
    );
  }

  get running(): boolean {
    return this.#process.running;
  }

  /** When it exits. @returns its log */
  async ended(): Promise<string> {
    await this.#process.ended();
    return this.log();
  }

  log(): string {
    return this.#process.log();
  }

  /** Resident memory, and the most that it had, in MB. */
  memory(): { now: number; most: number } {
    const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
    const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    return { now: Math.round(kib('VmRSS') / 1024), most: Math.round(kib('VmHWM') / 1024) };
  }

  health(path: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#plan.healthPort, path, timeout: 5000 };
      const asked = get(options, async (response) => {
        let body = '';
        for await (const chunk of response.setEncoding('utf8')) body += chunk;
        resolve({ status: response.statusCode ?? 0, body });
      });
      asked.once('timeout', () => asked.destroy(new Error('no answer')));
      asked.once('error', reject);
    });
  }

  /** SIGKILL, and a new process at once, as systemd does it. */
  async kill(): Promise<void> {
    if (this.#stopped) return;
    await this.#process.stop('SIGKILL');
    if (!this.#stopped) this.#process = this.#start();
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#stopped = true;
    await this.#process.stop(signal, 20_000);
  }
}
