/**
 * The certificates that kubeadm expects on a node, and the contents of their CSRs: subject and names as
 * `kubeadm certs generate-csr` writes them (cmd/kubeadm/app/phases/certs/certlist.go, phases/kubeconfig/kubeconfig.go).
 */
import { expectedNames } from '../../../lib/cluster/expected-names.ts';
import { type AlternativeName, formatName } from '../../../lib/csr/alternative-names.ts';
import type { KeyKind } from '../../../lib/csr/public-key.ts';
import { type CertificateName, KUBEADM_NAMES } from '../../../lib/profiles/certificate-names.ts';
import { profileFor, type VersionedProfile } from '../../../lib/profiles/profile-for.ts';
import { CommandError } from '../../errors.ts';
import { clusterRecordOf, type KubeadmConfig } from '../../kubeadm/kubeadm-config.ts';
import type { CsrContents } from './make-csr.ts';

export interface PlannedCsr {
  readonly name: CertificateName;
  readonly contents: CsrContents;
  /** From `encryptionAlgorithm` or the feature gate PublicKeysECDSA. */
  readonly keyKind: KeyKind;
}

/**
 * The certificates that kubeadm needs on a node: a worker kubelet.conf; a control plane all of its version, without etcd's if etcd
 * is external, and super-admin.conf only if it runs `kubeadm init`.
 */
export function certificateNamesFor(config: KubeadmConfig): CertificateName[] {
  return KUBEADM_NAMES.filter((name) => {
    const profile = profileFor(name, config.version);
    if (!profile?.roles.includes(config.role)) return false;
    if (config.externalEtcd && profile.ca === 'etcd-ca') return false;
    return !(config.joins && name === 'super-admin.conf');
  });
}

/** @throws CommandError for a name that kubeadm does not have in this version */
export function csrFromConfig(name: CertificateName, config: KubeadmConfig): PlannedCsr {
  const profile = profileFor(name, config.version);
  if (!profile)
    throw new CommandError(
      'usage',
      `${config.file}: kubeadm 1.${config.version.minor} has no certificate ${name}`,
    );
  return {
    name,
    contents: {
      subject: {
        commonName: profile.commonName.replace('{node}', config.nodeName),
        organizations: profile.acceptedOrganizations[0] ?? [],
      },
      names: namesOf(profile, config),
    },
    keyKind: profile.baseName === undefined ? config.kubeconfigKeyKind : config.keyKind,
  };
}

/** DNS names before addresses; sorted since 1.28, until then in the order in which kubeadm adds them. */
function namesOf(profile: VersionedProfile, config: KubeadmConfig): AlternativeName[] {
  if (profile.sans === 'none') return [];
  const record = clusterRecordOf(config);
  const [node] = record.nodes;
  if (!node) return [];
  const { required, allowed } = expectedNames(profile.sans, record, node);
  const all = new Map([...required, ...allowed].map((name) => [formatName(name), name]));
  const dns = [...all.values()].filter(({ type }) => type === 'DNS');
  if (config.version.minor >= 28) dns.sort((a, b) => (a.value < b.value ? -1 : 1));
  return [...dns, ...[...all.values()].filter(({ type }) => type === 'IP')];
}
