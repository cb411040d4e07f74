/** The two clusters of the demo: CSRs of real kubeadm, and their expected outcomes. */
import { resolve } from 'node:path';
import type { Expected } from './expectations.ts';

export interface DemoCluster {
  readonly name: string;
  readonly node: string;
  /** File of the kubeadm configuration. */
  readonly config: string;
  /** Folder with the CSRs, in kubeadm's layout. */
  readonly csrs: string;
  readonly expected: readonly Expected[];
}

const fixture = (...path: string[]) => resolve('test', 'fixtures', 'kubeadm', ...path);
const issued = (path: string): Expected => ({ path, outcome: 'issued' });

const PKI = [
  'pki/apiserver',
  'pki/apiserver-kubelet-client',
  'pki/apiserver-etcd-client',
  'pki/front-proxy-client',
  'pki/etcd/server',
  'pki/etcd/peer',
  'pki/etcd/healthcheck-client',
];
const KUBECONFIGS = ['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'kubelet.conf'];

/** `kubeadm certs generate-csr` of 1.37, P-256. */
export const newestCluster: DemoCluster = {
  name: 'prod',
  node: 'cp-1.prod.example.com',
  config: fixture('1.37.2', 'generate-csr', 'v4-p256', 'config.yaml'),
  csrs: fixture('1.37.2', 'generate-csr', 'v4-p256', 'csr'),
  expected: [
    ...[...PKI, ...KUBECONFIGS].map(issued),
    { path: 'super-admin.conf', outcome: 'pending' },
  ],
};

/** `kubeadm certs renew all --csr-only` of 1.22, RSA-2048: all files in one folder, called after the certificates. */
export const legacyCluster: DemoCluster = {
  name: 'legacy',
  node: 'cp-1.prod.example.com',
  config: fixture('1.22.17', 'renew-csr-only', 'v4-rsa2048', 'config.yaml'),
  csrs: fixture('1.22.17', 'renew-csr-only', 'v4-rsa2048', 'csr'),
  expected: [
    'admin.conf',
    'apiserver',
    'apiserver-etcd-client',
    'apiserver-kubelet-client',
    'controller-manager.conf',
    'etcd-healthcheck-client',
    'etcd-peer',
    'etcd-server',
    'front-proxy-client',
    'scheduler.conf',
  ].map(issued),
};

/** A private key that was generated for the fixtures only. */
export const PRIVATE_KEY_FILE = fixture(
  '1.37.2',
  'generate-csr',
  'v4-p256',
  'keys',
  'pki',
  'apiserver.key',
);
