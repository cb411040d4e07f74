import type { ClusterRecord } from '../cluster/record.ts';
import type { Subject } from '../csr/subject.ts';
import type { VersionedProfile } from '../profiles/profile-for.ts';
import { listed, quote, type Violation } from '../refusal/violation.ts';

/** The subject must be kubeadm's own for this certificate, in this version, on this node. */
export function judgeSubject(
  subject: Subject,
  profile: VersionedProfile,
  node: string,
  record: ClusterRecord,
): Violation[] {
  const violations: Violation[] = [];
  const commonName = profile.commonName.replace('{node}', node);
  if (subject.commonName !== commonName)
    violations.push({
      code: 'subject-common-name',
      field: 'subject.commonName',
      got: quote(subject.commonName) || '(none)',
      allowed: commonName,
      fix: profile.commonName.includes('{node}')
        ? 'a node gets certificates in its own name only: upload under the name that kubeadm knows the node by'
        : `this path is for ${profile.name}: upload the CSR that kubeadm made for it`,
    });
  if (!profile.acceptedOrganizations.some((accepted) => sameSet(accepted, subject.organizations)))
    violations.push({
      code: 'subject-organization',
      field: 'subject.organizations',
      got: listed(subject.organizations),
      allowed: profile.acceptedOrganizations.map(listed).join('; or '),
      fix: `kubeadm ${record.kubernetesVersionText} asks for these: make the CSR with that kubeadm, or bring kubernetesVersion in the cluster record up to date`,
    });
  return violations;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value) => b.includes(value));
}
