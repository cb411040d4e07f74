/** A control plane's certificates made by OpenSSL, at the places and with the contents that kubeadm gives them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface LeafOptions {
  readonly path: string;
  readonly ca: 'ca' | 'etcd/ca' | 'front-proxy-ca' | 'kubelet-ca';
  readonly subject: string;
  readonly usages: string;
  readonly names?: string;
  readonly days?: number;
}

const [server, client] = ['serverAuth', 'clientAuth'];
const apiserverNames =
  'DNS:cp-1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:10.96.0.1,IP:10.20.0.11';
const etcdNames = 'DNS:cp-1,DNS:localhost,IP:10.20.0.11,IP:127.0.0.1,IP:::1';
const both = `${server},${client}`;

/** The certificates that kubeadm 1.37 issues for a node cp-1. Those with `.conf` become kubeconfigs. */
export const LEAVES: readonly LeafOptions[] = [
  leaf('pki/apiserver', 'ca', '/CN=kube-apiserver', server, apiserverNames),
  leaf('pki/apiserver-kubelet-client', 'ca', '/CN=kube-apiserver-kubelet-client', client),
  leaf('pki/apiserver-etcd-client', 'etcd/ca', '/CN=kube-apiserver-etcd-client', client),
  leaf('pki/front-proxy-client', 'front-proxy-ca', '/CN=front-proxy-client', client),
  leaf('pki/etcd/server', 'etcd/ca', '/CN=cp-1', both, etcdNames),
  leaf('pki/etcd/peer', 'etcd/ca', '/CN=cp-1', both, etcdNames),
  leaf('pki/etcd/healthcheck-client', 'etcd/ca', '/CN=kube-etcd-healthcheck-client', client),
  leaf('admin.conf', 'ca', '/O=kubeadm:cluster-admins/CN=kubernetes-admin', client),
  leaf('super-admin.conf', 'ca', '/O=system:masters/CN=kubernetes-super-admin', client),
  leaf('controller-manager.conf', 'ca', '/CN=system:kube-controller-manager', client),
  leaf('scheduler.conf', 'ca', '/CN=system:kube-scheduler', client),
  leaf('kubelet.conf', 'ca', '/O=system:nodes/CN=system:node:cp-1', client),
];

function leaf(
  path: string,
  ca: LeafOptions['ca'],
  subject: string,
  usages: string,
  names?: string,
): LeafOptions {
  return { path, ca, subject, usages, ...(names && { names }) };
}

export class OpensslNode {
  /** Used instead of /etc/kubernetes. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(join(folder, 'pki', 'etcd'), { recursive: true });
    writeFileSync(join(folder, 'openssl.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n');
  }

  make(leaves: readonly LeafOptions[] = LEAVES): this {
    for (const [path, name] of [
      ['ca', 'kubernetes'],
      ['etcd/ca', 'etcd-ca'],
      ['front-proxy-ca', 'front-proxy-ca'],
    ] as const)
      this.makeCa(path, name);
    for (const leaf of leaves) this.makeLeaf(leaf);
    return this;
  }

  makeCa(path: string, commonName: string, days = 3650): void {
    this.#request(
      this.#pki(path),
      `/CN=${commonName}`,
      ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,digitalSignature'],
      days,
    );
  }

  makeLeaf({ path, ca, subject, usages, names, days = 365 }: LeafOptions): void {
    const stem = join(this.folder, path);
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      `extendedKeyUsage=${usages}`,
      ...(names ? [`subjectAltName=${names}`] : []),
    ];
    const signer = ['-CA', `${this.#pki(ca)}.crt`, '-CAkey', `${this.#pki(ca)}.key`];
    this.#request(stem, subject, extensions, days, signer);
    if (path.endsWith('.conf')) this.#embed(stem);
  }

  #pki(path: string): string {
    return join(this.folder, 'pki', path);
  }

  #request(
    stem: string,
    subject: string,
    extensions: readonly string[],
    days: number,
    more: readonly string[] = [],
  ): void {
    mkdirSync(dirname(stem), { recursive: true });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const out = ['-keyout', `${stem}.key`, '-out', `${stem}.crt`, '-days', String(days)];
    const config = ['-config', join(this.folder, 'openssl.cnf'), '-subj', subject];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    const args = ['req', '-x509', ...key, ...config, ...added, ...more, ...out];
    execFileSync('openssl', args, { stdio: 'pipe' });
  }

  #embed(file: string): void {
    const data = (path: string) => readFileSync(path).toString('base64');
    writeFileSync(
      file,
      `apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    server: https://10.20.0.11:6443
    certificate-authority-data: ${data(`${this.#pki('ca')}.crt`)}
contexts:
- name: me@kubernetes
  context: { cluster: kubernetes, user: me }
current-context: me@kubernetes
users:
- name: me
  user:
    client-certificate-data: ${data(`${file}.crt`)}
    client-key-data: ${data(`${file}.key`)}
`,
      { mode: 0o600 },
    );
  }
}
