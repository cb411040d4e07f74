/** A node: its machine, container runtime and kubelet, and the commands of its administrator. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { COMMAND } from '../../support/running-service-process.ts';
import { Hopeless } from '../../support/until.ts';
import { AUDIT_POLICY } from '../control-plane/audit.ts';
import { Component } from '../control-plane/component.ts';
import type { NodeAddress } from '../control-plane/network.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun, type RunOptions } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';
import { importImage, startContainerd } from './container-runtime.ts';
import { filesBelow } from './files.ts';
import { KubeletUnit } from './kubelet-unit.ts';
import { Machine } from './machine.ts';
import { AUDIT } from './plan.ts';

export interface NodePlan {
  readonly at: NodeAddress;
  readonly release: string;
  /** Archives with its images. */
  readonly images: readonly string[];
  /** The image of the container that holds a pod's namespaces. */
  readonly sandboxImage: string;
}

export interface Surroundings {
  readonly service: CakelessService;
  /** In the cluster record. */
  readonly cluster: string;
  /** Name of the run, for control groups. */
  readonly run: string;
  readonly folder: string;
  /** The file system with each node's /etc/kubernetes. */
  readonly etc: string;
}

export class KubeadmNode {
  readonly name: string;
  readonly address: string;
  readonly cluster: string;
  readonly machine: Machine;
  readonly kubelet: KubeletUnit;
  readonly #service: CakelessService;
  readonly #etc: string;
  readonly #programs: string;
  #forwarder: Component | undefined;

  private constructor(
    { at, release }: NodePlan,
    { service, cluster }: Surroundings,
    machine: Machine,
    etc: string,
  ) {
    this.name = at.name;
    this.address = at.address;
    this.cluster = cluster;
    this.machine = machine;
    this.#service = service;
    this.#etc = etc;
    this.#programs = dirname(kubernetesProgram(release, 'kubeadm'));
    this.kubelet = new KubeletUnit(machine, release);
  }

  /** With a container runtime and a kubelet that waits for kubeadm, as after installing the packages. */
  static async make(plan: NodePlan, around: Surroundings): Promise<KubeadmNode> {
    const { name } = plan.at;
    const [folder, etc] = [join(around.folder, name), join(around.etc, name)];
    for (const path of [folder, etc]) mkdirSync(path);
    const machine = await Machine.make(plan.at, around.run, folder, etc);
    mkdirSync(machine.ownFile(AUDIT.folder));
    writeFileSync(machine.ownFile(AUDIT.policy), AUDIT_POLICY);
    await startContainerd(machine, plan.sandboxImage);
    for (const archive of plan.images) await importImage(machine, archive);
    return new KubeadmNode(plan, around, machine, etc);
  }

  get principal(): string {
    return `node:${this.cluster}/${this.name}`;
  }

  /** A file below /etc/kubernetes, as the test sees it. */
  file(path: string): string {
    return join(this.#etc, path);
  }

  /** Digests of all files below /etc/kubernetes, by path. */
  files(): Record<string, string> {
    return filesBelow(this.#etc);
  }

  /** A file that the administrator copies to the node. @returns its path, on the machine and for the test */
  bring(name: string, text: string | Buffer): string {
    const file = join(this.machine.folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  }

  /** Runs a line of shell on the node. @returns standard output @throws Error with the end of its output if it fails */
  shell(line: string, options?: RunOptions): Promise<string> {
    const path = `${this.#programs}:${process.env.PATH}`;
    return mustRun(this.machine.inside(['env', `PATH=${path}`, 'sh', '-c', line]), options);
  }

  /** What the unit of `cakeless install-csrsigning` runs; there is no systemd. */
  startForwarder(): void {
    const args = ['csrsigning', '--cluster', this.cluster, '--node', this.name];
    const command = this.machine.inside([process.execPath, '--', COMMAND, ...args]);
    const env = { ...process.env, ...this.#service.environmentOutside(this.principal) };
    this.#forwarder = new Component(command, this.machine.logFile('csrsigning'), env);
  }

  /** What its health endpoint says. @throws Error unless it is ready */
  async forwarderReady(): Promise<string> {
    if (!this.#forwarder?.running)
      throw new Hopeless(`${this.name}: it ended: ${this.#forwarder?.log().slice(-600)}`);
    return this.shell('curl -sSf http://127.0.0.1:10267/readyz');
  }

  forwarderLog(): string {
    return this.#forwarder?.log() ?? '';
  }

  async stopForwarder(): Promise<void> {
    await this.#forwarder?.stop('SIGKILL');
  }

  /** @throws Error unless it exits with one of these codes */
  cakeless(args: string[], codes: number[] = [0]): Promise<string> {
    return this.#service.mustCakelessOn(this.machine, this.principal, args, codes);
  }

  end(): void {
    this.machine.end();
  }
}
