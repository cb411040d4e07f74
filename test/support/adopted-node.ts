/** A control plane with its CA keys on disk, whose CAs the service has adopted: made by OpenSSL, in folders of a test. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForwarderProof, ReleaseDeps } from '../../client/node/release-keys/options.ts';
import { bundleKey } from '../../lib/contract/trust-domain.ts';
import { MemoryStore } from './memory-store.ts';
import { LEAVES, OpensslNode } from './openssl-node.ts';
import { PaperKubelet } from './paper-kubelet.ts';

export const CA_KEYS = ['pki/ca.key', 'pki/etcd/ca.key', 'pki/front-proxy-ca.key'] as const;

const WANTED = ['pki/apiserver', 'pki/etcd/peer', 'pki/front-proxy-client', 'kubelet.conf'];

/** Once for all tests of a suite. */
export function adoptedTemplate(folder: string): OpensslNode {
  return new OpensslNode(folder).make(LEAVES.filter(({ path }) => WANTED.includes(path)));
}

/** The command line, with what kubeadm does not write: comments, quotes, flags for single signers. */
export const manifestText = (
  folder: string,
  port: number,
  signing = (folder: string) => [
    `--cluster-signing-cert-file=${folder}/pki/ca.crt # written by kubeadm`,
    `--cluster-signing-key-file=${folder}/pki/ca.key`,
    `"--cluster-signing-kubelet-serving-key-file=${folder}/pki/ca.key"`,
  ],
) => `apiVersion: v1
kind: Pod
metadata:
  name: kube-controller-manager # do not edit
spec:
  containers:
  - command:
    - kube-controller-manager
    - --bind-address=127.0.0.1
    - --secure-port=${port}
    - --kubeconfig=${folder}/controller-manager.conf
${signing(folder)
  .map((word) => `    - ${word}\n`)
  .join('')}    - '--root-ca-file=${folder}/pki/ca.crt'
    image: registry.k8s.io/kube-controller-manager:v1.35.4
`;

export class AdoptedNode {
  readonly folder: string;
  readonly kubelet: PaperKubelet;
  readonly exchange = new MemoryStore();
  readonly said: string[] = [];
  readonly leases: string[] = [];
  served: string | undefined = undefined;
  obstacles: string[] = [];
  proofs: ForwarderProof[] = [];
  port = 0;

  private constructor(folder: string, kubelet: PaperKubelet) {
    this.folder = folder;
    this.kubelet = kubelet;
  }

  static async copy(template: OpensslNode, folder: string): Promise<AdoptedNode> {
    cpSync(template.folder, folder, { recursive: true });
    mkdirSync(join(folder, 'manifests'));
    const node = new AdoptedNode(folder, new PaperKubelet(folder, `${folder}-proc`));
    node.port = await node.kubelet.listen();
    node.writeManifest(manifestText(folder, node.port));
    node.kubelet.look();
    await node.publish();
    return node;
  }

  /** Of a folder that an earlier process has used. @param proc outside of the folder */
  static async open(folder: string, proc: string): Promise<AdoptedNode> {
    const node = new AdoptedNode(folder, new PaperKubelet(folder, proc));
    node.port = await node.kubelet.listen(Number(readFileSync(`${folder}-port`, 'utf8')));
    node.kubelet.look();
    await node.publish();
    return node;
  }

  at = (path: string) => join(this.folder, path);
  text = (path: string) => readFileSync(this.at(path), 'utf8');
  get manifest(): string {
    return this.text('manifests/kube-controller-manager.yaml');
  }
  writeManifest(text: string): void {
    writeFileSync(this.at('manifests/kube-controller-manager.yaml'), text, { mode: 0o600 });
  }

  /** What the service has published and issued. */
  async publish(): Promise<void> {
    for (const [ca, path] of [
      ['ca', 'ca'],
      ['etcd-ca', 'etcd/ca'],
      ['front-proxy-ca', 'front-proxy-ca'],
    ] as const)
      await this.exchange.put(bundleKey('fleet', ca), this.text(`pki/${path}.crt`));
    for (const path of ['pki/apiserver', 'pki/etcd/peer', 'pki/front-proxy-client'])
      await this.exchange.create(
        `certificates/prod/cp-1/first/${path}.crt`,
        this.text(`${path}.crt`),
        'application/x-pem-file',
        { 'trust-domain': 'fleet' },
      );
  }

  deps(more: Partial<ReleaseDeps> = {}): ReleaseDeps {
    const { folder } = this;
    const release = async () => void this.leases.push('released');
    return {
      cluster: 'prod',
      node: 'cp-1',
      folders: { kubeconfigDir: folder, certDir: join(folder, 'pki') },
      stateDir: join(folder, 'cakeless'),
      terminal: { print: () => {}, progress: (line) => void this.said.push(line) },
      timeoutSeconds: 30,
      clock: this.kubelet,
      proc: this.kubelet.proc,
      exchange: async () => this.exchange,
      lease: async () => {
        this.leases.push('taken');
        return { extend: async () => {}, release };
      },
      forwarder: {
        findServed: async () => this.served,
        findObstacles: async () => this.obstacles,
        prove: async () => this.proofs.shift() ?? { state: 'served', by: 'the proof' },
      },
      ...more,
    };
  }
}

/** A recipient's key and certificate. @returns the file of the certificate; the key is beside it */
export function makeRecipient(stem: string, ...options: string[]): string {
  const key = ['-newkey', 'rsa:2048', '-noenc', '-keyout', `${stem}.key`];
  const args = [
    'req',
    '-x509',
    ...key,
    '-subj',
    '/CN=offline',
    '-days',
    '30',
    '-out',
    `${stem}.crt`,
  ];
  execFileSync('openssl', [...args, ...options], { stdio: 'pipe' });
  return `${stem}.crt`;
}

export const openSealed = (file: string, recipientKey: string): string =>
  execFileSync(
    'openssl',
    ['cms', '-decrypt', '-inform', 'PEM', '-in', file, '-inkey', recipientKey],
    { encoding: 'utf8' },
  );
