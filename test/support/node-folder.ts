/** A node as kubeadm leaves it, with certificates from the service, made by the commands that users have. */

import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { LOCAL_BUCKETS } from '../../client/local-service.ts';
import { findStaged } from '../../client/node/csr/staging.ts';
import { caFileOf, type NodeFolders, placeOf } from '../../client/node/disk/places.ts';
import { readDeclaredCluster } from '../../client/operator/declared-cluster.ts';
import { S3ObjectStore } from '../../lib/aws/s3-object-store.ts';
import { bundleKey } from '../../lib/contract/trust-domain.ts';
import {
  CA_NAMES,
  type CertificateName,
  KUBEADM_NAMES,
} from '../../lib/profiles/certificate-names.ts';
import { parseKubernetesVersion } from '../../lib/profiles/kubernetes-version.ts';
import { profileFor } from '../../lib/profiles/profile-for.ts';
import { approveRequest } from './approve-command.ts';
import { type KubeadmSet, kubeadmSet } from './kubeadm-sets.ts';
import { cakeless, mustCakeless, type Run } from './running-service-command.ts';
import { type ServiceProcess, startServiceProcess } from './running-service-process.ts';
import { runFolder } from './service-program.ts';

export const CLUSTER = 'prod';
const PENDING = '.pending.json';

export class NodeFixture {
  readonly service: ServiceProcess;
  readonly node: string;
  /** The certificates of such a node: `super-admin.conf` came with 1.29. */
  readonly names: readonly CertificateName[];
  /** Copied for each test, and never changed. */
  readonly template: string;
  readonly #root: string;

  private constructor(service: ServiceProcess, set: KubeadmSet, root: string) {
    this.service = service;
    this.node = readDeclaredCluster(set.configYaml ?? '', set.dir).node?.name ?? '';
    this.names = KUBEADM_NAMES.filter((name) => profileFor(name, versionOf(set)));
    this.#root = root;
    this.template = join(root, 'template');
  }

  /** Such a node is made once in a run; each suite has a copy of it and of the service's data. */
  static async make(
    set: KubeadmSet = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256'),
    keyAlgorithm = 'ECDSA-P256',
  ): Promise<NodeFixture> {
    const made = join(
      runFolder(),
      ['node', set.version, set.layout, set.config, keyAlgorithm].join('-'),
    );
    if (!existsSync(made)) await NodeFixture.#makeAt(made, set, keyAlgorithm);
    const root = newRoot();
    copyFolder(made, root);
    return new NodeFixture(await startServiceProcess(root), set, root);
  }

  static async #makeAt(made: string, set: KubeadmSet, keyAlgorithm: string): Promise<void> {
    const fixture = await NodeFixture.declared(set);
    await fixture.#fill(set, keyAlgorithm);
    await fixture.service.stop();
    // two workers may both make it; each puts a whole folder in place
    const unfinished = `${made}.${process.pid}`;
    for (const part of ['data', 'template'])
      copyFolder(join(fixture.#root, part), join(unfinished, part));
    try {
      renameSync(unfinished, made);
    } catch (error) {
      if (!existsSync(made)) throw error;
      rmSync(unfinished, { recursive: true });
    }
    rmSync(fixture.#root, { recursive: true });
  }

  /** A node of the cluster record that has only its kubeadm configuration. */
  static async empty(set: KubeadmSet): Promise<NodeFixture> {
    const fixture = await NodeFixture.declared(set);
    mkdirSync(fixture.template);
    writeFileSync(join(fixture.template, 'config.yaml'), set.configYaml ?? '');
    return fixture;
  }

  private static async declared(set: KubeadmSet): Promise<NodeFixture> {
    const root = newRoot();
    const service = await startServiceProcess(root);
    const fixture = new NodeFixture(service, set, root);
    await fixture.#administer('trust-domain', 'create', 'fleet');
    const config = ['--kubeadm-config', join(set.dir, 'config.yaml'), '--trust-domain', 'fleet'];
    await fixture.#administer('cluster', 'apply', CLUSTER, ...config);
    await fixture.#raiseBudget();
    return fixture;
  }

  /** A test that kills a renewal at every call needs more certificates than a node may have in a day. */
  #raiseBudget(): Promise<void> {
    const limits = { nodeRequestsPerDay: 10_000, nodeCertificatesPerDay: 10_000 };
    return this.changeRecord({ limits });
  }

  /** Replaces fields of the cluster record. */
  async changeRecord(fields: Record<string, unknown>): Promise<void> {
    const shown = await mustCakeless(
      this.service.environment,
      ...['cluster', 'show', CLUSTER, '-o', 'json'],
    );
    const file = join(this.#root, 'cluster.json');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(shown), ...fields }));
    await this.#administer('cluster', 'apply', CLUSTER, '-f', file);
  }

  async close(): Promise<void> {
    await this.service.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** A new copy of the node's /etc/kubernetes. */
  copy(): string {
    const folder = mkdtempSync(join(this.#root, 'etc-kubernetes-'));
    copyFolder(this.template, folder);
    return folder;
  }

  environment(principal = `node:${CLUSTER}/${this.node}`): Record<string, string> {
    return this.service.as(principal);
  }

  /** The exchange bucket, as the administrator sees it. */
  exchange(): S3ObjectStore {
    return new S3ObjectStore(this.s3(), LOCAL_BUCKETS.exchange);
  }

  s3(): S3Client {
    const env = this.service.environment;
    const credentials = {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
    };
    const [endpoint = '', region = ''] = [env.AWS_ENDPOINT_URL, env.AWS_REGION];
    return new S3Client({ endpoint, region, credentials });
  }

  /** All but the reports of nodes, which every run writes. */
  async keys(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.exchange().list(prefix))
      if (!key.startsWith('reports/')) keys.push(key);
    return keys;
  }

  /** Runs a command as this node, on a copy. */
  run(folder: string, ...args: string[]): Promise<Run> {
    return this.runIn({}, folder, ...args);
  }

  runIn(environment: Record<string, string>, folder: string, ...args: string[]): Promise<Run> {
    const who = ['--cluster', CLUSTER, '--node', this.node, '--kubeconfig-dir', folder];
    return cakeless({ ...this.environment(), ...environment }, ...args, ...who);
  }

  /** Approves everything that is pending under a request id. */
  async approve(request: string): Promise<void> {
    const outcomes = await this.keys(`certificates/${CLUSTER}/${this.node}/${request}/`);
    for (const key of outcomes.filter((name) => name.endsWith(PENDING))) {
      const asked = key.replace(/^certificates\//, '').replace(PENDING, '.csr');
      await approveRequest((...args) => mustCakeless(this.environment('approver'), ...args), asked);
    }
  }

  async #administer(...args: string[]): Promise<void> {
    const run = await cakeless(this.service.environment, ...args);
    if (run.exitCode !== 0) throw new Error(run.stderr);
  }

  async #fill(set: KubeadmSet, keyAlgorithm: string): Promise<void> {
    const staging = join(this.#root, 'first');
    const config = join(set.dir, 'config.yaml');
    const asked = await cakeless(
      {},
      ...['csr', '--config', config, '--out', staging, '--key-algorithm', keyAlgorithm],
    );
    if (asked.exitCode !== 0) throw new Error(asked.stderr);
    const place = ['--cluster', CLUSTER, '--node', this.node, '--request', 'first'];
    await cakeless(this.environment(), 'submit', staging, ...place);
    await cakeless(this.environment(), 'fetch', ...place, '--out', staging); // returns when all have an outcome
    await this.approve('first');
    const fetched = await cakeless(
      this.environment(),
      'fetch',
      ...place,
      '--wait',
      '30s',
      '--out',
      staging,
    );
    if (fetched.exitCode !== 0) throw new Error(fetched.stdout + fetched.stderr);
    await this.#layOut(staging);
  }

  async #layOut(staging: string): Promise<void> {
    const folders: NodeFolders = {
      kubeconfigDir: this.template,
      certDir: join(this.template, 'pki'),
    };
    mkdirSync(join(folders.certDir, 'etcd'), { recursive: true });
    for (const ca of CA_NAMES)
      writeFileSync(
        caFileOf(ca, folders),
        Buffer.from((await this.exchange().get(bundleKey('fleet', ca), 1e6))?.body ?? ''),
      );
    const caPem = readFileSync(caFileOf('ca', folders), 'utf8');
    for (const name of this.names) {
      const staged = findStaged(staging, name);
      if (!staged) throw new Error(`${name} was not requested`);
      const pem = readFileSync(staged.csrFile.replace(/\.csr$/, '.crt'), 'utf8');
      const place = placeOf(name, folders);
      if (place.kind === 'kubeconfig') {
        const yaml = kubeconfigText(name, caPem, pem, staged.keyPem);
        writeFileSync(place.file, yaml, { mode: 0o600 });
        continue;
      }
      mkdirSync(dirname(place.keyFile), { recursive: true });
      writeFileSync(place.certificateFile, pem, { mode: 0o644 });
      writeFileSync(place.keyFile, staged.keyPem, { mode: 0o600 });
    }
  }
}

const newRoot = () => mkdtempSync(join(tmpdir(), 'cakeless-node-'));

/** Without the lock of the service, which is a socket. */
function copyFolder(from: string, to: string): void {
  const filter = (file: string) => !lstatSync(file).isSocket();
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter });
}

function versionOf({ version }: KubeadmSet) {
  const parsed = parseKubernetesVersion(version);
  if (!parsed) throw new Error(`${version} is not a version`);
  return parsed;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig of kubeadm with what users add: comments, other fields, quotes. */
export function kubeconfigText(name: string, ca: string, certificate: string, key: string): string {
  return `# ${name}: do not edit by hand
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64(ca)} # the cluster's
    server: https://api.prod.example.com:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: me
  name: me@kubernetes
current-context: me@kubernetes
kind: Config
preferences: {}
x-team: "platform"
users:
- name: me
  user:
    # the next two belong together
    client-certificate-data: "${base64(certificate)}"
    client-key-data: ${base64(key)}
`;
}
