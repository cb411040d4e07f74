/** The kubelet of a machine, run as its systemd unit runs it: the machine has no systemd. */
import { resolve } from 'node:path';
import { until } from '../../support/until.ts';
import { Component } from '../control-plane/component.ts';
import { mustRun } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';
import type { Machine } from './machine.ts';

const SCRIPT = resolve('test', 'e2e', 'whole-cluster', 'kubelet-unit.sh');

export class KubeletUnit {
  readonly #machine: Machine;
  readonly #release: string;
  #loop: Component;

  constructor(machine: Machine, release: string) {
    this.#machine = machine;
    this.#release = release;
    this.#loop = this.#started();
  }

  #started(): Component {
    const command = ['bash', SCRIPT, kubernetesProgram(this.#release, 'kubelet')];
    return new Component(this.#machine.inside(command), this.#machine.logFile('kubelet'));
  }

  /** As when the machine is switched off. */
  async kill(): Promise<void> {
    await this.#loop.stop('SIGKILL');
    await this.#on('kill -KILL "$(cat /run/kubelet.pid)"');
  }

  /** As when the machine starts. */
  start(): void {
    this.#loop = this.#started();
  }

  /** `systemctl restart kubelet`. */
  async restart(): Promise<void> {
    const old = await this.#pid();
    // one that cannot start is about to be restarted anyway
    await this.#on('kill "$(cat /run/kubelet.pid)" || true');
    await until(`a restarted kubelet on ${this.#machine.name}`, async () => {
      const pid = await this.#pid();
      return pid === old ? undefined : this.#on('curl -sSf http://127.0.0.1:10248/healthz');
    });
  }

  /** The last error in its log. */
  complaint(): string | undefined {
    return this.#loop.lastLine(/^[EF]\d{4}/);
  }

  #pid(): Promise<string> {
    return this.#on('cat /run/kubelet.pid');
  }

  #on(script: string): Promise<string> {
    return mustRun(this.#machine.inside(['sh', '-c', script]));
  }
}
