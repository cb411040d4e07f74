/**
 * The subject alternative names that kubeadm would request on a node (cmd/kubeadm/app/util/pkiutil/pki_helpers.go,
 * GetAPIServerAltNames, GetEtcdAltNames, GetEtcdPeerAltNames).
 */
import type { AlternativeName } from '../csr/alternative-names.ts';
import { addressInRange, canonicalIpAddress, formatIpAddress } from '../ip-address.ts';
import type { SanRule } from '../profiles/profiles.ts';
import type { KnownNode } from './find-node.ts';
import type { ClusterRecord } from './record.ts';

export interface ExpectedNames {
  /** The certificate must have all of these. */
  readonly required: readonly AlternativeName[];
  /** It may have these too; addresses in the ranges of a node rule are allowed as well. */
  readonly allowed: readonly AlternativeName[];
}

/** What its names follow from. */
type NamedNode = Pick<KnownNode, 'name' | 'addresses' | 'extraNames'>;

export function expectedNames(
  rule: SanRule,
  record: ClusterRecord,
  node: NamedNode,
): ExpectedNames {
  switch (rule) {
    case 'none':
      return { required: [], allowed: [] };
    case 'apiserver':
      return apiserverNames(record, node);
    case 'etcd-server':
      return etcdNames(node, [...record.extraNames.etcdServer, ...node.extraNames.etcdServer]);
    case 'etcd-peer':
      return etcdNames(node, [...record.extraNames.etcdPeer, ...node.extraNames.etcdPeer]);
  }
}

function apiserverNames(record: ClusterRecord, node: NamedNode): ExpectedNames {
  const service = formatIpAddress(addressInRange(record.serviceRange, 1));
  const [advertised, ...others] = node.addresses;
  const required = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${record.dnsDomain}`,
    service,
    ...(advertised === undefined ? [] : [advertised]),
    ...(record.controlPlaneHost === undefined ? [] : [record.controlPlaneHost]),
    ...record.extraNames.apiserver,
    ...node.extraNames.apiserver,
  ];
  return { required: [ownName(node), ...required.map(toName)], allowed: others.map(toName) };
}

/**
 * The declared extra names are allowed, not required: `kubeadm init phase certs etcd-server --csr-only` (up to 1.21)
 * could not set them.
 */
function etcdNames(node: NamedNode, extra: readonly string[]): ExpectedNames {
  const [advertised, ...others] = node.addresses;
  const required = [
    'localhost',
    ...(advertised === undefined ? [] : [advertised]),
    '127.0.0.1',
    '::1',
  ];
  return {
    required: [ownName(node), ...required.map(toName)],
    allowed: [...extra, ...others].map(toName),
  };
}

/** A DNS name even if the node's name is an address: kubeadm does not check. */
function ownName(node: NamedNode): AlternativeName {
  return { type: 'DNS', value: node.name };
}

/** A name of a record, as a certificate has it. */
export function toName(text: string): AlternativeName {
  const address = canonicalIpAddress(text);
  return address === undefined ? { type: 'DNS', value: text } : { type: 'IP', value: address };
}
