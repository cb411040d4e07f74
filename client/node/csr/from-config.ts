/** What `kubeadm certs generate-csr --config FILE` would ask for, for a node that has no certificates yet. */

import { expectedNames } from '../../../lib/cluster/expected-names.ts';
import { findNode, type KnownNode } from '../../../lib/cluster/find-node.ts';
import { type ClusterRecord, parseClusterRecord } from '../../../lib/cluster/record.ts';
import type { AlternativeName } from '../../../lib/door/alternative-names.ts';
import { formatName } from '../../../lib/door/alternative-names.ts';
import type { KeyKind } from '../../../lib/door/public-key.ts';
import { canonicalIpAddress } from '../../../lib/ip-address.ts';
import type { CertificateName } from '../../../lib/profiles/certificate-names.ts';
import type { VersionedProfile } from '../../../lib/profiles/profile-for.ts';
import { profileFor } from '../../../lib/profiles/profile-for.ts';
import { CommandError, EXIT } from '../../exit-codes.ts';
import { buildRecord } from '../../operator/cluster-record.ts';
import { readKubeadmConfig } from '../../operator/kubeadm-config.ts';
import type { DesiredCsr } from './desired.ts';

export interface ConfigSource {
  readonly text: string;
  readonly file: string;
  /** In place of the name and address in the InitConfiguration. */
  readonly node?: string | undefined;
  readonly address?: string | undefined;
  readonly keyKind?: KeyKind | undefined;
}

/** @throws CommandError if the configuration does not say enough */
export function desiredFromConfig(
  names: readonly CertificateName[],
  source: ConfigSource,
): DesiredCsr[] {
  const { record, node } = readSource(source);
  return names.flatMap((name) => {
    const profile = profileFor(name, record.kubernetesVersion);
    if (!profile) return []; // super-admin.conf before 1.29
    const subject = {
      commonName: profile.commonName.replace('{node}', node.name),
      organizations: profile.acceptedOrganizations[0] ?? [],
    };
    const contents = { subject, names: namesFor(profile, record, node) };
    const keyKind = source.keyKind ?? algorithmIn(source.text) ?? 'RSA-2048';
    return [{ name, contents, keyKind, reuseKey: undefined, now: undefined }];
  });
}

function readSource({ text, file, node, address }: ConfigSource) {
  const config = readKubeadmConfig(text, file);
  const name = node ?? config.node?.name;
  const own = address ?? config.node?.address;
  if (name === undefined || own === undefined)
    throw new CommandError(
      EXIT.usage,
      `${file}: does not say for which node: ${name === undefined ? 'nodeRegistration.name' : 'localAPIEndpoint.advertiseAddress'} is missing`,
      'say it by --node NAME and --advertise-address ADDRESS',
    );
  const nodes = [{ name, addresses: [own], role: 'control-plane' as const }];
  // cluster and trust domain reach no CSR
  const { record, problems } = parseClusterRecord(
    buildRecord('cluster', 'none', { ...config, node: undefined }, nodes, undefined),
  );
  if (!record) throw new CommandError(EXIT.usage, `${file}: ${problems.join('; ')}`);
  const known = findNode(record, name);
  if (!known) throw new Error(`${name} is not in its own record`);
  return { record, node: known };
}

/** DNS names sorted, then addresses in the order in which kubeadm adds them; each once. */
function namesFor(
  profile: VersionedProfile,
  record: ClusterRecord,
  node: KnownNode,
): AlternativeName[] {
  const extra = {
    none: [],
    apiserver: [],
    'etcd-server': record.extraNames.etcdServer,
    'etcd-peer': record.extraNames.etcdPeer,
  }[profile.sans];
  const all = [...expectedNames(profile.sans, record, node).required, ...extra.map(toName)];
  const once = [...new Map(all.map((name) => [formatName(name), name])).values()];
  const dns = once.filter(({ type }) => type === 'DNS');
  return [
    ...dns.sort((a, b) => (a.value < b.value ? -1 : 1)),
    ...once.filter(({ type }) => type === 'IP'),
  ];
}

function toName(text: string): AlternativeName {
  const address = canonicalIpAddress(text);
  return address === undefined ? { type: 'DNS', value: text } : { type: 'IP', value: address };
}

/** v1beta4's encryptionAlgorithm is named as our kinds of keys are. */
function algorithmIn(text: string): KeyKind | undefined {
  const [, value] = /^encryptionAlgorithm:\s*"?((?:RSA|ECDSA)-[A-Z0-9]+)"?\s*$/m.exec(text) ?? [];
  return value as KeyKind | undefined;
}
