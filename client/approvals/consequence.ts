/** What the holder of a certificate's key can do, in one sentence: an approver decides about this, not about fields. */
import { MASTERS } from '../../lib/policy/always-approved.ts';
import type { PlanTerms } from '../../lib/policy/plan-digest.ts';
import { listed } from '../../lib/printable.ts';

type PowerTerms = Pick<
  PlanTerms,
  | 'ca'
  | 'trustDomain'
  | 'extendedKeyUsages'
  | 'commonName'
  | 'organizations'
  | 'dnsNames'
  | 'ipAddresses'
>;

/** All clusters of a trust domain trust the same CAs, so a certificate of one cluster is valid in all of them. */
export function describeConsequence(terms: PlanTerms, until: Date): string {
  return `anyone who holds this key ${describePower(terms)} until ${until.toISOString()}, and the certificate cannot be revoked`;
}

/** The group to which kubeadm's role binding gives cluster-admin since 1.29. */
const CLUSTER_ADMINS = 'kubeadm:cluster-admins';

/** `is cluster administrator of every cluster of …`: follows a subject. */
export function describePower(terms: PowerTerms): string {
  const { ca, trustDomain, extendedKeyUsages } = terms;
  const everywhere = `every cluster of trust domain ${trustDomain}`;
  const isClient = extendedKeyUsages.includes('clientAuth');
  if (ca === 'etcd-ca')
    return isClient
      ? `can read and change all data in the etcd of ${everywhere}`
      : `can impersonate etcd servers of ${everywhere}`;
  if (ca === 'front-proxy-ca')
    return `can act as any user, system:masters included, in ${everywhere}`;
  if (!isClient)
    return `can impersonate the API server at ${listed([...terms.dnsNames, ...terms.ipAddresses])} to the clients of ${everywhere}`;
  return `${clientPower(terms)} ${everywhere}`;
}

function clientPower({ commonName, organizations }: PowerTerms): string {
  if (organizations.includes(MASTERS)) return 'is cluster administrator, whatever RBAC says, of';
  if (organizations.includes(CLUSTER_ADMINS))
    return "is cluster administrator, by kubeadm's role binding, of";
  const [, node] = /^system:node:(.+)$/.exec(commonName) ?? [];
  if (node !== undefined) return `can act as the kubelet of ${node} in`;
  const groups = organizations.length === 0 ? '' : ` with groups ${listed(organizations)}`;
  return `can act as ${commonName}${groups} in`;
}
