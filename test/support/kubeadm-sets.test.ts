import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { bestCsrRoot, keyFile, kubeadmSet, listKubeadmSets } from './kubeadm-sets.ts';

const sets = listKubeadmSets();
const csrs = sets.flatMap((set) => set.csrs);
const distinct = (values: string[]) => [...new Set(values)].sort();

describe('the committed sets of kubeadm requests', () => {
  it('have every certificate name of kubeadm', () => {
    expect(distinct(csrs.map((csr) => csr.certificateName))).toEqual([
      'admin.conf',
      'apiserver',
      'apiserver-etcd-client',
      'apiserver-kubelet-client',
      'controller-manager.conf',
      'etcd-healthcheck-client',
      'etcd-peer',
      'etcd-server',
      'front-proxy-client',
      'kubelet.conf',
      'scheduler.conf',
      'super-admin.conf',
    ]);
  });

  it('have all three layouts and seven versions', () => {
    expect(distinct(sets.map((set) => set.layout))).toEqual([
      'generate-csr',
      'init-phase-csr-only',
      'renew-csr-only',
    ]);
    expect(distinct(sets.map((set) => set.version))).toHaveLength(7);
  });

  it('have every kind of key and of address', () => {
    expect(distinct(csrs.map((csr) => csr.keyAlgorithm))).toEqual([
      'ECDSA-P256',
      'ECDSA-P384',
      'RSA-2048',
      'RSA-3072',
    ]);
    expect(distinct(sets.map((set) => set.config.split('-')[0] ?? ''))).toEqual([
      'dual',
      'plain',
      'v4',
      'v6',
    ]);
  });
});

it('every request of the largest available collection exists, and its reference has the same subject', () => {
  for (const csr of listKubeadmSets(bestCsrRoot()).flatMap((set) => set.csrs)) {
    expect(readFileSync(csr.file, 'utf8')).toContain('BEGIN CERTIFICATE REQUEST');
    if (!csr.reference) continue;
    const { subject } = new X509Certificate(readFileSync(csr.reference));
    expect(subject.split('\n')).toEqual(csr.subject.map(([type, value]) => `${type}=${value}`));
  }
});

it.each([
  ['1.22.17', 'renew-csr-only', 'v4-rsa2048'],
  ['1.37.2', 'generate-csr', 'v4-p256'],
] as const)('the set %s %s %s has a throw-away key for each request', (version, layout, config) => {
  const set = kubeadmSet(version, layout, config);
  for (const csr of set.csrs) expect(existsSync(keyFile(set, csr) ?? '')).toBe(true);
});
