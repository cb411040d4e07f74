/** What needs an approval whatever a cluster record says. */
import { type CaName, USER_NAME } from '../profiles/certificate-names.ts';

export const MASTERS = 'system:masters';
export const MASTERS_REASON =
  'O=system:masters bypasses authorization, and the certificate cannot be revoked';

export interface Certified {
  readonly ca: CaName;
  /** As text: a record may have a name that this release does not know. */
  readonly certificateName: string;
  readonly organizations: readonly string[];
}

/**
 * Why a certificate always needs an approval; undefined if only a cluster record can require one. The API server trusts
 * clients of `ca`, and its authorizers do not apply to the group system:masters. For a user, the groups to which kubeadm
 * binds rights, such as kubeadm:cluster-admins (kubernetes#121305), are the same.
 */
export function whyAlwaysApproved({
  ca,
  certificateName,
  organizations,
}: Certified): string | undefined {
  if (ca === 'ca' && organizations.includes(MASTERS)) return MASTERS_REASON;
  if (certificateName !== USER_NAME) return undefined;
  const ofKubeadm = organizations.find((name) => name.toLowerCase().startsWith('kubeadm:'));
  return ofKubeadm === undefined ? undefined : `O=${ofKubeadm} is one of kubeadm's groups`;
}
