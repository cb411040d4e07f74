/** A control-plane node: its folder, its certificates from Cakeless, and the programs that run on it. */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { etcdProgram, kubernetesProgram } from '../harness/programs.ts';
import { KubeadmRoot } from '../kubeadm/kubeadm-root.ts';
import {
  COMPONENT_NAMES,
  Component,
  type ComponentName,
  commandOf,
  withFlags,
} from './component.ts';
import { type NodeAddress, NodeSpace } from './network.ts';

export class ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly release: string;
  readonly folder: string;
  readonly root: KubeadmRoot;
  readonly space: NodeSpace;
  readonly components = new Map<ComponentName, Component>();
  readonly #flags = new Map<ComponentName, Record<string, string>>();

  private constructor(at: NodeAddress, release: string, root: KubeadmRoot, space: NodeSpace) {
    this.name = at.name;
    this.address = at.address;
    this.release = release;
    this.root = root;
    this.folder = root.folder;
    this.space = space;
  }

  static async make(at: NodeAddress, release: string, folder: string, config: string) {
    const root = new KubeadmRoot(folder, release, config);
    for (const path of ['log', 'etcd']) mkdirSync(join(folder, path));
    return new ClusterNode(at, release, root, await NodeSpace.make(at, root.kubernetesDir));
  }

  /** A file below /etc/kubernetes, as the test sees it. */
  file(path: string): string {
    return this.root.file(path);
  }

  /**
   * kubeadm writes the manifests of static pods. Every phase of `init` requires a super-admin.conf, and `join` requires a
   * running cluster instead: so the other nodes borrow the file of the first while kubeadm writes.
   */
  async writeManifests(first: ClusterNode): Promise<void> {
    const borrowed = this === first ? undefined : this.file('super-admin.conf');
    if (borrowed !== undefined) copyFileSync(first.file('super-admin.conf'), borrowed);
    for (const phase of ['certs all', 'kubeconfig all', 'control-plane all', 'etcd local'])
      await this.root.kubeadm('init', 'phase', ...phase.split(' '));
    if (borrowed !== undefined) rmSync(borrowed);
  }

  /** The command of a component as kubeadm wrote it, except for etcd's data folder and flags of the test. */
  command(name: ComponentName, flags: Record<string, string> = {}): string[] {
    const [, ...args] = commandOf(this.file(`manifests/${name}.yaml`));
    const program = name === 'etcd' ? etcdProgram('etcd') : kubernetesProgram(this.release, name);
    const data: Record<string, string> =
      name === 'etcd' ? { '--data-dir': join(this.folder, 'etcd', 'data') } : {};
    const own = { ...data, ...this.#flags.get(name), ...flags };
    return this.space.inside([program, ...withFlags(args, own)]);
  }

  /** @param flags that replace those of the manifest, at this start and at later ones */
  start(name: ComponentName, flags?: Record<string, string>): Component {
    if (flags) this.#flags.set(name, flags);
    const component = new Component(this.command(name), join(this.folder, 'log', name));
    this.components.set(name, component);
    return component;
  }

  component(name: ComponentName): Component {
    const component = this.components.get(name);
    if (!component) throw new Error(`${name} was not started on ${this.name}`);
    return component;
  }

  async stop(name: ComponentName): Promise<void> {
    await this.components.get(name)?.stop();
  }

  async stopAll(): Promise<void> {
    for (const name of [...COMPONENT_NAMES].reverse()) await this.stop(name);
    await this.space.end();
  }
}
