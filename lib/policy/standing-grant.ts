import type { ClusterRecord } from '../cluster/record.ts';
import type { StandingGrant } from '../contract/approvals.ts';
import type { CertificateName } from '../profiles/certificate-names.ts';
import { profileFor } from '../profiles/profile-for.ts';

/**
 * What a standing approval of a certificate name covers: what the cluster record allows today, and nothing that it may
 * allow later. undefined if kubeadm has no such certificate in the cluster's version.
 */
export function standingGrantFor(
  certificateName: CertificateName,
  { trustDomain, kubernetesVersion, validitySeconds }: ClusterRecord,
): Omit<StandingGrant, 'decidedAt' | 'reason'> | undefined {
  const profile = profileFor(certificateName, kubernetesVersion);
  if (!profile) return undefined;
  const organizations = [...new Set(profile.acceptedOrganizations.flat())].sort();
  return { certificateName, trustDomain, organizations, maxValiditySeconds: validitySeconds };
}
