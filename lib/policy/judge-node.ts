/**
 * Policy for certificates of nodes: is this the request that kubeadm would create in this cluster, on this node? All
 * violations are found at once. The result is a plan of what to certify; no byte of the CSR is copied into it.
 */
import { findNode, type KnownNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import type { CsrReading } from '../csr/read-request.ts';
import type { Subject } from '../csr/subject.ts';
import { listed } from '../printable.ts';
import type { CertificateName } from '../profiles/certificate-names.ts';
import { profileFor, profileOf, type VersionedProfile } from '../profiles/profile-for.ts';
import type { Violation } from '../refusal/violation.ts';
import { whyAlwaysApproved } from './always-approved.ts';
import { inKubeadmsOrder, type Judgement } from './issuance-plan.ts';
import { judgeKey, judgeLongest, judgeUploader } from './judge-common.ts';
import { judgeNames } from './judge-names.ts';
import { judgeSubject } from './judge-subject.ts';

export interface NodeContext {
  readonly address: Pick<RequestAddress, 'node'>;
  readonly certificateName: CertificateName;
  readonly record: ClusterRecord;
  /** Who uploaded, as the S3 event says (`AWS:<principal id>`); undefined if no event was seen. */
  readonly uploader: string | undefined;
  /** The longest validity that the trust domain allows. */
  readonly maxValiditySeconds: number;
}

/**
 * Judges what was read of a CSR even if the CSR itself is not valid, so that one rejection names all reasons; a plan is
 * built only from a valid CSR.
 */
export function judgeNodeRequest(
  { request, seen, violations: ofCsr }: CsrReading,
  { address, certificateName, record, uploader, maxValiditySeconds }: NodeContext,
): Judgement {
  const profile = profileFor(certificateName, record.kubernetesVersion);
  const node = findNode(record, address.node);
  const violations: Violation[] = [...ofCsr];
  if (!node) violations.push(nodeUnknown(address.node, record));
  else
    violations.push(
      ...judgeUploader(uploader, node.uploaders),
      ...judgeRole(certificateName, node),
    );
  violations.push(...judgeLongest(record.validitySeconds, record, maxValiditySeconds));
  if (!profile) violations.push(notInVersion(certificateName, record));
  if (profile?.needs === 'csrSigning' && !record.csrSigning)
    violations.push(withoutCsrSigning(certificateName, record));
  if (seen.key) violations.push(...judgeKey(seen.key, record));
  if (seen.subject && profile)
    violations.push(...judgeSubject(seen.subject, profile, address.node, record));
  if (seen.names && profile && node)
    violations.push(...judgeNames(seen.names, profile, record, node));
  if (violations.length > 0 || !request || !profile) return { violations };
  const { names, subject, key } = request;
  return {
    plan: {
      certificateName,
      profile,
      subject,
      names: inKubeadmsOrder(names),
      key,
      validitySeconds: record.validitySeconds,
      approvalReason: approvalReason(profile, subject, record),
    },
    violations: [],
  };
}

function approvalReason(
  { ca, name }: VersionedProfile,
  { organizations }: Subject,
  record: ClusterRecord,
): string | undefined {
  const always = whyAlwaysApproved({ ca, certificateName: name, organizations });
  if (always !== undefined) return always;
  return record.approvalRequired.includes(name)
    ? "the cluster record's approvalRequired lists it"
    : undefined;
}

export function nodeUnknown(node: string, record: ClusterRecord): Violation {
  return {
    code: 'node-unknown',
    field: 'node',
    got: node,
    allowed: `nodes of the cluster record: ${listed(record.nodes.map(({ name }) => name))}`,
    fix: `add the node to the cluster record of ${record.cluster}`,
  };
}

function judgeRole(certificateName: CertificateName, node: KnownNode): Violation[] {
  const { roles } = profileOf(certificateName);
  if (roles.includes(node.role)) return [];
  return [
    {
      code: 'certificate-name-role',
      field: 'certificateName',
      got: `${certificateName} on a ${node.role} node`,
      allowed: `a node with role ${roles.join(' or ')}`,
      fix: 'upload only kubelet.conf.csr (generate-csr writes the others on workers too), or change the role in the cluster record',
    },
  ];
}

function notInVersion(certificateName: CertificateName, record: ClusterRecord): Violation {
  return {
    code: 'certificate-name-version',
    field: 'certificateName',
    got: `${certificateName} in Kubernetes ${record.kubernetesVersionText}`,
    allowed: `Kubernetes 1.${profileOf(certificateName).since.split('.')[1]} or later`,
    fix: 'leave the file out, or update kubernetesVersion in the cluster record',
  };
}

function withoutCsrSigning(certificateName: CertificateName, record: ClusterRecord): Violation {
  return {
    code: 'csr-signing-not-allowed',
    field: 'certificateName',
    got: certificateName,
    allowed: `a cluster whose record has csrSigning; that of ${record.cluster} does not`,
    fix: 'add csrSigning to the cluster record',
  };
}
