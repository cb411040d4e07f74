/**
 * An API server, or three, with one etcd and one controller manager, all on certificates of Cakeless and in external-CA
 * mode, and three control planes on which forwarders run.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hopeless, until } from '../../support/until.ts';
import { ClusterNode } from '../control-plane/cluster-node.ts';
import type { ComponentName } from '../control-plane/component.ts';
import { ENDPOINT_ADDRESS, ENDPOINT_NAME, NODES } from '../control-plane/network.ts';
import { configuration } from '../control-plane/node-configuration.ts';
import { caCertHashes, prepareNode } from '../control-plane/prepare-node.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import { etcdProgram, kubernetesProgram } from '../harness/programs.ts';
import { readKubeconfigPair } from '../kubeadm/installed.ts';
import type { Endpoint } from '../traffic/kube-client.ts';
import { Api, REFUSED } from './api.ts';
import { changeRecord } from './cluster-record.ts';
import { ExchangeProxy } from './exchange-proxy.ts';
import { Forwarder } from './forwarder.ts';
import { buildInstalled } from './installed-client.ts';
import { KubeletProgram, type NodeAddress } from './kubelet-program.ts';
import { Link } from './link.ts';
import { tokenKubeconfig, writeKubeconfig } from './make-csr.ts';
import { CSR_SIGNING, type CsrPlan, clusterOf, WORKER, WORKER_RULE } from './plan.ts';

/** Any value of the right form, as the cluster exists for minutes. */
export const TOKEN = { id: 'abcdef', secret: '0123456789abcdef' };
export const BOOTSTRAPPERS = 'system:bootstrappers:kubeadm:default-node-token';
/** The user of cakeless-csrsigning.conf. */
export const FORWARDER_USER = 'cakeless:csrsigning';
export const FORWARDER_CONF = 'cakeless-csrsigning.conf';
const REFUSED_EVENT = 'CertificateRefused';
const FIRST_HEALTH_PORT = 10_301;

/** Counts what the forwarders ask; nothing else is logged. */
const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    users: ["${FORWARDER_USER}"]
  - level: None
`;

export class Setting {
  readonly plan: CsrPlan;
  readonly cluster: string;
  readonly service: CakelessService;
  readonly folder: string;
  readonly nodes: readonly ClusterNode[];
  /** From forwarders to the API server. */
  readonly link: Link;
  readonly exchange: ExchangeProxy;
  readonly #forwarders: Forwarder[] = [];
  readonly #kubelets: KubeletProgram[] = [];
  #api: Api | undefined;
  #program = '';
  #count = 0;

  private constructor(
    plan: CsrPlan,
    service: CakelessService,
    folder: string,
    nodes: readonly ClusterNode[],
    link: Link,
    exchange: ExchangeProxy,
  ) {
    this.plan = plan;
    this.cluster = clusterOf(plan);
    this.service = service;
    this.folder = folder;
    this.nodes = nodes;
    this.link = link;
    this.exchange = exchange;
  }

  static async make(plan: CsrPlan, service: CakelessService, folder: string): Promise<Setting> {
    mkdirSync(folder, { recursive: true });
    const nodes: ClusterNode[] = [];
    for (const at of NODES)
      nodes.push(
        await ClusterNode.make(
          at,
          plan.release,
          join(folder, at.name),
          configuration({ release: plan.release, kind: 'ECDSA-P256' }, at),
        ),
      );
    const [first] = NODES;
    const target = { host: first?.address ?? '', port: 6443 };
    const link = await Link.open(ENDPOINT_ADDRESS, 6443, target);
    const exchange = await ExchangeProxy.start(
      service.environment('administrator').AWS_ENDPOINT_URL ?? '',
    );
    return new Setting(plan, service, folder, nodes, link, exchange);
  }

  get first(): ClusterNode {
    const [node] = this.nodes;
    if (!node) throw new Error('there are no nodes');
    return node;
  }

  get api(): Api {
    if (!this.#api) throw new Error('the API server was not started');
    return this.#api;
  }

  get ca(): string {
    return readFileSync(this.first.file('pki/ca.crt'), 'utf8');
  }

  /** The trust bundle of a CA, as the first node has it. */
  trust(name: 'ca' | 'kubelet-ca'): string {
    return readFileSync(this.first.file(`pki/${name}.crt`), 'utf8');
  }

  /** The nodes that have an API server. */
  get #apiServers(): readonly ClusterNode[] {
    return this.plan.eachApiServer ? this.nodes : [this.first];
  }

  /** For a client with super-admin.conf. */
  get endpoint(): Endpoint {
    const pair = readKubeconfigPair(this.first.file('super-admin.conf'));
    return { server: this.server, ca: this.ca, ...pair };
  }

  get server(): string {
    return serverOf(this.first);
  }

  /** Trust domain, cluster record with `csrSigning`, and the certificates of the first control plane. */
  async prepare(): Promise<number> {
    const { cluster, service, first, folder } = this;
    await service.mustCakeless('administrator', ['trust-domain', 'create', cluster]);
    const others = this.nodes.slice(1).flatMap((n) => ['--node', `${n.name}=${n.address}`]);
    const from = ['--kubeadm-config', first.root.configFile, '--trust-domain', cluster];
    const workers = ['--worker', `${WORKER.name}=${WORKER.address}`];
    await service.mustCakeless('administrator', [
      ...['cluster', 'apply', cluster, ...from, ...others, ...workers],
    ]);
    await changeRecord(service, cluster, folder, (record) => ({
      ...record,
      nodeRules: [WORKER_RULE],
      csrSigning: CSR_SIGNING,
      users: { maxValidityPeriod: '24h', approvalRequired: false },
    }));
    const pins = await caCertHashes(service, cluster, first.folder);
    let count = 0;
    for (const node of this.nodes)
      if (this.#apiServers.includes(node)) {
        const saKey = node === first ? undefined : first.file('pki/sa.key');
        const newNode = { cluster, node, pins, saKey, more: ['--csrsigning'] };
        count += (await prepareNode(service, newNode)).length;
        await node.writeManifests(first);
      } else await this.#shareWith(node);
    return count;
  }

  /** What a forwarder needs of a control plane: CA certificates, and the identity. */
  async #shareWith(node: ClusterNode): Promise<void> {
    mkdirSync(node.file('pki'), { recursive: true });
    for (const path of ['pki/ca.crt', 'pki/kubelet-ca.crt', FORWARDER_CONF])
      copyFileSync(this.first.file(path), node.file(path));
  }

  async start(): Promise<string> {
    this.first.start('etcd');
    await this.startApiServer();
    await this.startController();
    await this.#prepareCluster();
    return `Kubernetes ${this.plan.release}`;
  }

  async startApiServer(): Promise<void> {
    this.#api?.close();
    this.#api = new Api(this.endpoint);
    for (const node of this.#apiServers) await this.#startApiServerOn(node);
  }

  /** They share the etcd of the first. */
  async #startApiServerOn(node: ClusterNode): Promise<void> {
    const policy = join(node.folder, 'audit-policy.yaml');
    writeFileSync(policy, AUDIT_POLICY);
    node.start('kube-apiserver', {
      '--audit-policy-file': policy,
      '--audit-log-path': auditLogOf(node),
      '--etcd-servers': `https://${this.first.address}:2379`,
    });
    const api = new Api({ ...this.endpoint, server: serverOf(node) });
    await until('/readyz', async () => {
      mustRunOn(node, 'kube-apiserver');
      const status = await api.status('GET', '/readyz');
      if (status !== 200) throw new Error(`/readyz: ${status}`);
      return true;
    });
    api.close();
  }

  /** @param flags that replace those of the manifest, at this start only */
  async startController(flags: Record<string, string> = {}): Promise<void> {
    this.first.start('kube-controller-manager', { '--leader-elect': 'false', ...flags });
  }

  /** How many requests the API servers have had from forwarders so far. */
  requests(): number {
    const lines = (node: ClusterNode) =>
      readFileSync(auditLogOf(node), 'utf8').split('\n').length - 1;
    return this.#apiServers.reduce((sum, node) => sum + lines(node), 0);
  }

  /** What `kubeadm init` creates in its phase bootstrap-token, and the bindings of cakeless csrsigning --rbac. */
  async #prepareCluster(): Promise<void> {
    const bind = (name: string, role: string, group: string) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
    });
    const approval = 'system:certificates.k8s.io:certificatesigningrequests';
    for (const [name, role, group] of [
      ['kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', BOOTSTRAPPERS],
      ['kubeadm:node-autoapprove-bootstrap', `${approval}:nodeclient`, BOOTSTRAPPERS],
      [
        'kubeadm:node-autoapprove-certificate-rotation',
        `${approval}:selfnodeclient`,
        'system:nodes',
      ],
      ['kubeadm:cluster-admins', 'cluster-admin', 'kubeadm:cluster-admins'],
    ] as const)
      await this.apply(bind(name, role, group));
    await this.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${TOKEN.id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': TOKEN.id,
        'token-secret': TOKEN.secret,
        'usage-bootstrap-authentication': 'true',
        'auth-extra-groups': BOOTSTRAPPERS,
      },
    });
    await this.applyRbac(await this.rbac());
  }

  /** The YAML of `cakeless csrsigning --rbac`. */
  rbac(): Promise<string> {
    return this.service.mustCakeless(`node:${this.cluster}/${this.first.name}`, [
      ...['csrsigning', '--rbac'],
    ]);
  }

  applyRbac(yaml: string): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], yaml);
  }

  apply(object: unknown): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], JSON.stringify(object));
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    const program = kubernetesProgram(this.plan.release, 'kubectl');
    const kubeconfig = `--kubeconfig=${this.first.file('super-admin.conf')}`;
    const at = [`--server=${this.server}`, '--request-timeout=20s'];
    return mustRun([program, kubeconfig, ...at, ...args], input === undefined ? {} : { input });
  }

  /** As the certificates of the first node allow. */
  etcdctl(...args: string[]): Promise<string> {
    const pki = this.first.file('pki/etcd');
    return mustRun([
      etcdProgram('etcdctl'),
      `--endpoints=https://${this.first.address}:2379`,
      `--cacert=${pki}/ca.crt`,
      `--cert=${pki}/healthcheck-client.crt`,
      `--key=${pki}/healthcheck-client.key`,
      ...args,
    ]);
  }

  /** A forwarder on the number-th control plane, from 0. Its calls of S3 pass `exchange`, those of Kubernetes `link`. */
  async startForwarder(number = 0, more: readonly string[] = []): Promise<Forwarder> {
    const node = this.nodes[number];
    if (!node) throw new Error(`no control plane ${number}`);
    const principal = `node:${this.cluster}/${node.name}`;
    const kubeconfig = join(node.folder, 'forwarder.conf');
    const server = this.plan.eachApiServer ? serverOf(node) : `https://${ENDPOINT_NAME}:6443`;
    const text = readFileSync(node.file(FORWARDER_CONF), 'utf8');
    writeKubeconfig(kubeconfig, text.replace(/server: .*/, `server: ${server}`));
    this.#program ||= await buildInstalled(join(this.folder, 'installed'));
    this.#count += 1;
    const folders = ['--kubeconfig-dir', node.file(''), '--cert-dir', node.file('pki')];
    const who = ['--cluster', this.cluster, '--node', node.name];
    const forwarder = new Forwarder({
      program: this.#program,
      args: ['csrsigning', '--kubeconfig', kubeconfig, ...folders, ...who, ...more],
      environment: { ...this.service.environment(principal), AWS_ENDPOINT_URL: this.exchange.url },
      healthPort: FIRST_HEALTH_PORT + (this.#count % 500),
      logFile: join(this.folder, 'forwarders', `${this.#count}.log`),
    });
    this.#forwarders.push(forwarder);
    return forwarder;
  }

  /** Runs something with this many ready forwarders, and stops them. */
  async withForwarders<T>(count: number, body: (all: Forwarder[]) => Promise<T>): Promise<T> {
    const all: Forwarder[] = [];
    try {
      for (let i = 0; i < count; i++) all.push(await this.startForwarder(i));
      for (const forwarder of all) await forwarder.ready();
      return await body(all);
    } finally {
      await Promise.all(all.map((forwarder) => forwarder.stop()));
    }
  }

  get bootstrapToken(): string {
    return `${TOKEN.id}.${TOKEN.secret}`;
  }

  get bootstrapKubeconfig(): string {
    return tokenKubeconfig(this.server, this.ca, this.bootstrapToken);
  }

  /** The API as the holder of a bootstrap token sees it. @param number of the API server, from 0; they take turns */
  bootstrapApi(number = 0): Api {
    const node = this.#apiServers[number % this.#apiServers.length] ?? this.first;
    return new Api({ server: serverOf(node), ca: this.ca, token: this.bootstrapToken });
  }

  /** A kubelet with a bootstrap token. */
  kubelet(
    node: string,
    addresses: readonly NodeAddress[],
    options: { listen?: string; kubeconfig?: string } = {},
  ): KubeletProgram {
    this.#count += 1;
    const folder = join(this.folder, 'kubelets', `${node}-${this.#count}`);
    const identity =
      options.kubeconfig === undefined ? { bootstrap: this.bootstrapKubeconfig } : {};
    const { release } = this.plan;
    const kubelet = new KubeletProgram(
      { release, node, addresses, ...identity, ...options },
      folder,
    );
    this.#kubelets.push(kubelet);
    return kubelet;
  }

  /** The API with the client certificate that a kubelet has now. */
  apiOf(kubelet: KubeletProgram): Api {
    const pem = readFileSync(join(kubelet.folder, 'pki', 'kubelet-client-current.pem'), 'utf8');
    return new Api({ server: this.server, ca: this.ca, certificate: pem, key: pem });
  }

  get bootstrapUser(): string {
    return `system:bootstrap:${TOKEN.id}`;
  }

  /** A kubeconfig of the administrator. */
  administratorConf(): string {
    const text = this.first.root.read('super-admin.conf');
    const own = text.replace(/server: .*/, `server: ${this.server}`);
    return writeKubeconfig(join(this.folder, 'administrator.conf'), own);
  }

  /**
   * CSRs for client certificates, as the bootstrap token. @param node `%d` becomes 1, 2, 3, …
   * @param approver kubeconfig of who approves them at once, as kube-controller-manager would do in minutes
   */
  async invent(node: string, count = 1, approver?: string): Promise<number> {
    const file = join(this.folder, 'invent.conf');
    writeKubeconfig(file, this.bootstrapKubeconfig);
    const approved = approver === undefined ? [] : ['-approver', approver];
    const args = ['-kubeconfig', file, '-count', String(count), '-node', node, ...approved];
    const [said] = await this.client(['flood', ...args]);
    return Number(said?.milliseconds);
  }

  /** Waits until a CSR has an Event and an annotation that say why it is refused. @returns the annotation */
  async refusal(name: string, word = ''): Promise<string> {
    const csr = await until('the annotation', async () => {
      const seen = await this.api.csr(name);
      return seen.metadata.annotations?.[REFUSED] ? seen : undefined;
    });
    const words = csr.metadata.annotations?.[REFUSED] ?? '';
    if (csr.status.certificate !== undefined) throw new Error(`issued: ${words}`);
    const event = await until('the Event', async () =>
      (await this.api.events(csr.metadata.uid)).find(({ reason }) => reason === REFUSED_EVENT),
    );
    if (!words.includes(word) || !event.note?.includes(word))
      throw new Error(`${words}; ${event.note}`);
    return words;
  }

  /** A subcommand of certificates-client. @returns its lines */
  async client(args: readonly string[]): Promise<Record<string, unknown>[]> {
    const program = kubernetesProgram(this.plan.release, 'certificates-client');
    const output = await mustRun([program, ...args]);
    return output
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#kubelets.map((kubelet) => kubelet.stop()));
    await Promise.all(this.#forwarders.map((forwarder) => forwarder.stop('SIGKILL')));
    this.#api?.close();
    await this.exchange.close();
    await this.link.close();
    await Promise.all(this.nodes.map((node) => node.stopAll()));
  }
}

const serverOf = ({ address }: ClusterNode): string => `https://${address}:6443`;
const auditLogOf = ({ folder }: ClusterNode): string => join(folder, 'log', 'audit');

function mustRunOn(node: ClusterNode, name: ComponentName): void {
  const component = node.component(name);
  if (component.running) return;
  const line = component.lastLine(/"fatal"|^[EF]\d{4}|^Error|x509|panic/) ?? 'no error in its log';
  throw new Hopeless(`${name} ended on ${node.name}: ${line}`);
}
