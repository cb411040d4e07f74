/** A control plane of three nodes with all certificates from Cakeless: etcd, API servers, controllers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hopeless, until } from '../../support/until.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun, type RunOptions, run } from '../harness/program.ts';
import { etcdProgram, kubernetesProgram } from '../harness/programs.ts';
import { readKubeconfigPair } from '../kubeadm/installed.ts';
import type { Endpoint } from '../traffic/kube-client.ts';
import { auditFlags } from './audit.ts';
import { ClusterNode } from './cluster-node.ts';
import type { ComponentName } from './component.ts';
import { balance, type LoadBalancer } from './load-balancer.ts';
import { ENDPOINT_ADDRESS, ENDPOINT_NAME, NODES, type NodeAddress } from './network.ts';
import { type ControlPlanePlan, configuration } from './node-configuration.ts';
import { caCertHashes, prepareNode } from './prepare-node.ts';
import { isReady } from './ready.ts';

export class ControlPlane {
  readonly plan: ControlPlanePlan;
  readonly nodes: readonly ClusterNode[];
  readonly cluster: string;
  #balancer: LoadBalancer | undefined;

  private constructor(plan: ControlPlanePlan, nodes: readonly ClusterNode[]) {
    this.plan = plan;
    this.nodes = nodes;
    this.cluster = clusterName(plan);
  }

  static async make(
    plan: ControlPlanePlan,
    folder: string,
    addresses: readonly NodeAddress[] = NODES,
  ): Promise<ControlPlane> {
    const nodes: ClusterNode[] = [];
    for (const at of addresses)
      nodes.push(
        await ClusterNode.make(at, plan.release, join(folder, at.name), configuration(plan, at)),
      );
    return new ControlPlane(plan, nodes);
  }

  get first(): ClusterNode {
    const [node] = this.nodes;
    if (!node) throw new Error('there are no nodes');
    return node;
  }

  /**
   * Trust domain and cluster record; then, on each node, the steps of docs/first-installation.md and kubeadm's manifests.
   * @returns the number of certificates
   */
  async prepare(service: CakelessService): Promise<number> {
    const { cluster, plan } = this;
    const create = ['trust-domain', 'create', cluster, '--key-spec', plan.caKeySpec];
    await service.mustCakeless('administrator', create);
    return this.prepareNodes(service, await caCertHashes(service, cluster, this.first.folder));
  }

  /**
   * The same in a trust domain that exists.
   * @param pins options of `prepare` with the hashes of its CAs
   */
  async prepareNodes(service: CakelessService, pins: readonly string[]): Promise<number> {
    const { cluster } = this;
    const others = this.nodes.slice(1).flatMap((n) => ['--node', `${n.name}=${n.address}`]);
    const from = ['--kubeadm-config', this.first.root.configFile, '--trust-domain', cluster];
    await service.mustCakeless('administrator', ['cluster', 'apply', cluster, ...from, ...others]);
    let count = 0;
    for (const node of this.nodes) {
      const saKey = node === this.first ? undefined : this.first.file('pki/sa.key');
      count += (await prepareNode(service, { cluster, node, pins, saKey })).length;
      await node.writeManifests(this.first);
    }
    return count;
  }

  /** Starts all members at once, because none is healthy without the others. */
  async startEtcd(): Promise<string> {
    const members = this.nodes.map(({ name, address }) => `${name}=https://${address}:2380`);
    for (const node of this.nodes)
      node.start('etcd', {
        '--initial-cluster': members.join(','),
        '--initial-cluster-state': 'new',
      });
    return until('healthy etcd members', () => this.etcdHealth());
  }

  async etcdHealth(): Promise<string> {
    for (const node of this.nodes) this.#mustRun(node, 'etcd');
    const output = await this.etcdctl('endpoint', 'health', '-w', 'json');
    const healthy: { health: boolean; endpoint: string }[] = JSON.parse(output);
    if (healthy.length !== this.nodes.length || healthy.some(({ health }) => !health))
      throw new Error(output);
    return `healthy: ${healthy.map(({ endpoint }) => endpoint).join(', ')}`;
  }

  /** With the certificate of kubeadm's liveness probe. */
  etcdctl(...args: string[]): Promise<string> {
    const pki = this.first.file('pki/etcd');
    const endpoints = this.nodes.map(({ address }) => `https://${address}:2379`).join(',');
    return mustRun([
      etcdProgram('etcdctl'),
      `--endpoints=${endpoints}`,
      `--cacert=${pki}/ca.crt`,
      `--cert=${pki}/healthcheck-client.crt`,
      `--key=${pki}/healthcheck-client.key`,
      '--command-timeout=5s',
      ...args,
    ]);
  }

  /** One after the other, as nodes join: each must be ready before the next starts. */
  async startApiServers(): Promise<string> {
    const backends = this.nodes.map(({ address }) => ({ host: address, port: 6443 }));
    this.#balancer = await balance(ENDPOINT_ADDRESS, 6443, backends, isReady);
    for (const node of this.nodes) {
      node.start('kube-apiserver', auditFlags(node));
      await until(`/readyz of ${node.name}`, () => this.readyz(node));
    }
    return `${this.nodes.length} API servers`;
  }

  async readyz(node: ClusterNode): Promise<string> {
    this.#mustRun(node, 'kube-apiserver');
    const answer = await this.kubectlAt(node, 'get', '--raw', '/readyz');
    if (answer.trim() !== 'ok') throw new Error(answer);
    return answer;
  }

  startControllers(): void {
    for (const node of this.nodes)
      for (const name of ['kube-controller-manager', 'kube-scheduler'] as const) node.start(name);
  }

  /** With super-admin.conf, directly at one API server. */
  kubectlAt(node: ClusterNode, ...args: string[]): Promise<string> {
    return this.kubectl('super-admin.conf', [`--server=https://${node.address}:6443`, ...args]);
  }

  /** With a kubeconfig of the first node. @throws Error with kubectl's output */
  kubectl(kubeconfig: string, args: readonly string[], options?: RunOptions): Promise<string> {
    return mustRun(this.kubectlCommand(kubeconfig, args), options);
  }

  tryKubectl(kubeconfig: string, args: readonly string[], options?: RunOptions) {
    return run(this.kubectlCommand(kubeconfig, args), options);
  }

  kubectlCommand(kubeconfig: string, args: readonly string[]): string[] {
    const file = kubeconfig.startsWith('/') ? kubeconfig : this.first.file(kubeconfig);
    const program = kubernetesProgram(this.plan.release, 'kubectl');
    return [program, `--kubeconfig=${file}`, '--request-timeout=20s', ...args];
  }

  /** For a client with admin.conf, through the load balancer. */
  endpoint(): Endpoint {
    return {
      server: `https://${ENDPOINT_NAME}:6443`,
      ca: readFileSync(this.first.file('pki/ca.crt'), 'utf8'),
      ...readKubeconfigPair(this.first.file('admin.conf')),
    };
  }

  /** Creates or changes an object, as super-admin.conf. */
  apply(object: unknown): Promise<string> {
    const input = JSON.stringify(object);
    return this.kubectl('super-admin.conf', ['apply', '-f', '-'], { input });
  }

  /** The last message of a component that ended explains more than a refused connection. */
  #mustRun(node: ClusterNode, name: ComponentName): void {
    const component = node.component(name);
    if (component.running) return;
    const line =
      component.lastLine(/"fatal"|^[EF]\d{4}|^Error|x509|panic/) ?? 'no error in its log';
    throw new Hopeless(`${name} ended on ${node.name}: ${line}`);
  }

  async stop(): Promise<void> {
    await this.#balancer?.close();
    await Promise.all(this.nodes.map((node) => node.stopAll()));
  }
}

export const clusterName = ({ release, name }: ControlPlanePlan): string =>
  name ?? `live-${release.replaceAll('.', '-')}`;
