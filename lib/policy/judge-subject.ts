import type { ClusterRecord } from '../cluster/record.ts';
import type { Subject } from '../csr/subject.ts';
import { listed, quote } from '../printable.ts';
import type { VersionedProfile } from '../profiles/profile-for.ts';
import type { Violation } from '../refusal/violation.ts';

/** The subject must be that which this version of kubeadm gives this certificate on this node. */
export function judgeSubject(
  subject: Subject,
  profile: VersionedProfile,
  node: string,
  record: Pick<ClusterRecord, 'kubernetesVersionText'>,
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
        ? 'a node gets certificates only for its own name: upload under the name that kubeadm uses for the node'
        : `this path is for ${profile.name}: upload the CSR that kubeadm created for it`,
    });
  if (!profile.acceptedOrganizations.some((accepted) => sameSet(accepted, subject.organizations)))
    violations.push({
      code: 'subject-organization',
      field: 'subject.organizations',
      got: listed(subject.organizations),
      allowed: profile.acceptedOrganizations.map(listed).join('; or '),
      fix: `kubeadm ${record.kubernetesVersionText} requests these: create the CSR with that kubeadm, or update kubernetesVersion in the cluster record`,
    });
  return violations;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value) => b.includes(value));
}
