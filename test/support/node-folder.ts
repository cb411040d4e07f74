/** A node as kubeadm leaves it, with certificates of the service itself: made by the commands that a user has. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { environmentOf } from '../../client/commands/local.ts';
import { findStaged } from '../../client/node/csr/staging.ts';
import { caFileOf, type NodeFolders, placeOf } from '../../client/node/places.ts';
import { bundleKey } from '../../lib/ca/trust-domain.ts';
import { CA_NAMES, CERTIFICATE_NAMES } from '../../lib/profiles/certificate-names.ts';
import { approve } from './approve.ts';
import { type KubeadmSet, kubeadmSet } from './kubeadm-sets.ts';
import { RunningService } from './running-service.ts';
import { cakeless, type Run } from './running-service-command.ts';

export const CLUSTER = 'prod';

export class NodeFixture {
  readonly service: RunningService;
  readonly node: string;
  /** Copied for each test, never changed itself. */
  readonly template: string;
  readonly #root: string;

  private constructor(service: RunningService, node: string, root: string) {
    this.service = service;
    this.node = node;
    this.#root = root;
    this.template = join(root, 'template');
  }

  static async make(
    set: KubeadmSet = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256'),
    keyAlgorithm = 'ECDSA-P256',
  ): Promise<NodeFixture> {
    const service = await RunningService.start();
    await service.invoke('cakeless-create-ca', { trustDomain: 'fleet' });
    const { node } = await service.declare(set, CLUSTER);
    const fixture = new NodeFixture(service, node, mkdtempSync(join(tmpdir(), 'cakeless-node-')));
    await fixture.#fill(set, keyAlgorithm);
    return fixture;
  }

  async close(): Promise<void> {
    rmSync(this.#root, { recursive: true, force: true });
    await this.service.close();
  }

  /** A fresh copy of the node's /etc/kubernetes. */
  copy(): string {
    const folder = mkdtempSync(join(this.#root, 'etc-kubernetes-'));
    cpSync(this.template, folder, { recursive: true, verbatimSymlinks: true });
    return folder;
  }

  environment(principal = `node:${CLUSTER}/${this.node}`): Record<string, string> {
    const { accessKeyId, secretAccessKey } = this.service.settings(principal).credentials;
    return {
      ...environmentOf(this.service.local),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };
  }

  /** Runs a command as this node, on a copy. */
  run(folder: string, ...args: string[]): Promise<Run> {
    const who = ['--cluster', CLUSTER, '--node', this.node, '--kubeconfig-dir', folder];
    return cakeless(this.environment(), ...args, ...who);
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
    await this.service.local.idle();
    await approve(
      this.service.store('authority'),
      this.service.store('exchange'),
      `requests/${CLUSTER}/${this.node}/first/super-admin.conf.csr`,
    );
    await this.service.local.idle();
    const fetched = await cakeless(this.environment(), 'fetch', ...place, '--out', staging);
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
        (await this.service.text('exchange', bundleKey('fleet', ca))) ?? '',
      );
    const caPem = readFileSync(caFileOf('ca', folders), 'utf8');
    for (const name of CERTIFICATE_NAMES) {
      const staged = findStaged(staging, name);
      if (!staged) throw new Error(`${name} was not asked for`);
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

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** As kubeadm writes them, with what users add: comments, keys of their own, quotes. */
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
