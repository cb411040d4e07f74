/** The configurations of the matrix: kinds of clusters, and the kinds of keys that a release can make. */
import { stringify } from 'yaml';
import { minorOf } from '../harness/programs.ts';

export const NODE = 'cp-1.prod.example.com';

export interface Situation {
  readonly name: 'ipv4' | 'ipv6' | 'dual-stack' | 'external-etcd';
  /** What it tests. */
  readonly meaning: string;
  readonly advertiseAddress: string;
  readonly cluster: Record<string, unknown>;
  readonly externalEtcd?: true;
}

const PKI = '/etc/kubernetes/pki';

export const SITUATIONS: readonly Situation[] = [
  {
    name: 'ipv4',
    meaning: 'endpoint by name, extra names with a wildcard, extra names of etcd',
    advertiseAddress: '10.20.0.11',
    cluster: {
      controlPlaneEndpoint: 'api.prod.example.com:6443',
      networking: { serviceSubnet: '172.30.0.0/16', dnsDomain: 'prod.internal' },
      apiServer: {
        certSANs: ['api-int.prod.example.com', '10.20.0.10', '*.api.prod.example.com', '127.0.0.1'],
      },
      etcd: {
        local: {
          serverCertSANs: ['etcd-1.prod.example.com', '10.20.1.11'],
          peerCertSANs: ['etcd-peer-1.prod.example.com', '10.20.2.11'],
        },
      },
    },
  },
  {
    name: 'ipv6',
    meaning: 'endpoint by IPv6 address',
    advertiseAddress: 'fd00:20::11',
    cluster: {
      controlPlaneEndpoint: '[fd00:20::10]:6443',
      networking: { serviceSubnet: 'fd00:30::/112', podSubnet: 'fd00:244::/64' },
      apiServer: { certSANs: ['*.v6.example.com', 'fd00:20::12'] },
      etcd: { local: { serverCertSANs: ['fd00:21::11'], peerCertSANs: ['fd00:22::11'] } },
    },
  },
  {
    name: 'dual-stack',
    meaning: 'two service ranges, of which kubeadm names the first in the certificate only',
    advertiseAddress: '10.20.0.11',
    cluster: {
      controlPlaneEndpoint: 'api.prod.example.com:6443',
      networking: {
        serviceSubnet: '172.30.0.0/16,fd00:30::/112',
        podSubnet: '10.244.0.0/16,fd00:244::/64',
      },
      apiServer: { certSANs: ['fd00:20::11', 'localhost'] },
    },
  },
  {
    name: 'external-etcd',
    meaning: 'endpoint by IPv4 address, etcd elsewhere: apiserver-etcd-client is its client',
    advertiseAddress: '10.20.0.11',
    cluster: {
      controlPlaneEndpoint: '10.20.0.10:6443',
      etcd: {
        external: {
          endpoints: ['https://10.20.9.1:2379', 'https://10.20.9.2:2379', 'https://10.20.9.3:2379'],
          caFile: `${PKI}/etcd/ca.crt`,
          certFile: `${PKI}/apiserver-etcd-client.crt`,
          keyFile: `${PKI}/apiserver-etcd-client.key`,
        },
      },
    },
    externalEtcd: true,
  },
];

export type KeyKind = 'RSA-2048' | 'RSA-3072' | 'RSA-4096' | 'ECDSA-P256' | 'ECDSA-P384';

/**
 * The kinds that a release can make: encryptionAlgorithm came with v1beta4 (1.31), P-384 with 1.34
 * (kubernetes#131677). Earlier releases have the feature gate PublicKeysECDSA.
 */
export function keyKindsOf(release: string): KeyKind[] {
  const minor = minorOf(release);
  if (minor < 31) return ['RSA-2048', 'ECDSA-P256'];
  const kinds: KeyKind[] = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'ECDSA-P256'];
  return minor < 34 ? kinds : [...kinds, 'ECDSA-P384'];
}

/** A large RSA key takes seconds to make and does not affect the names, so they are tested in one situation only. */
export const situationsOf = (kind: KeyKind): readonly Situation[] =>
  kind === 'RSA-3072' || kind === 'RSA-4096' ? SITUATIONS.slice(0, 1) : SITUATIONS;

/** The kind of key that `generate-csr` makes: even with the feature gate, kubeconfigs get RSA (kubeadm#3072). */
export const generatedKeyKind = (release: string, kind: KeyKind, certificate: string): KeyKind =>
  minorOf(release) < 31 && certificate.endsWith('.conf') ? 'RSA-2048' : kind;

/** The text of a kubeadm configuration file. */
export function configuration(release: string, kind: KeyKind, situation: Situation): string {
  const minor = minorOf(release);
  const apiVersion = `kubeadm.k8s.io/${minor >= 31 ? 'v1beta4' : minor >= 22 ? 'v1beta3' : 'v1beta2'}`;
  const socket = '/run/containerd/containerd.sock';
  const init = {
    apiVersion,
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: situation.advertiseAddress, bindPort: 6443 },
    nodeRegistration: { name: NODE, criSocket: minor >= 24 ? `unix://${socket}` : socket },
  };
  const cluster = {
    apiVersion,
    kind: 'ClusterConfiguration',
    kubernetesVersion: `v${release}`,
    clusterName: 'prod',
    ...situation.cluster,
    ...keyFields(minor, kind),
  };
  return [init, cluster].map((document) => stringify(document)).join('---\n');
}

function keyFields(minor: number, kind: KeyKind): Record<string, unknown> {
  if (minor >= 31) return { encryptionAlgorithm: kind };
  return kind === 'ECDSA-P256' ? { featureGates: { PublicKeysECDSA: true } } : {};
}
