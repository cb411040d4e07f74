/**
 * Policy: is this request what kubeadm would ask for in this cluster, on this node? Everything that is wrong is named
 * at once. The answer is a plan of what to certify, rebuilt from checked values; no byte of the CSR goes further.
 */
import { findNode, type KnownNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import type { AlternativeName } from '../csr/alternative-names.ts';
import type { CertifiableKey } from '../csr/public-key.ts';
import type { DoorResult } from '../csr/read-request.ts';
import type { Subject } from '../csr/subject.ts';
import type { CertificateName, IssuedName } from '../profiles/certificate-names.ts';
import { profileFor, profileOf, type VersionedProfile } from '../profiles/profile-for.ts';
import type { IssuedKind } from '../profiles/profiles.ts';
import { listed, quote, type Violation } from '../refusal/violation.ts';
import { judgeNames } from './judge-names.ts';
import { judgeSubject } from './judge-subject.ts';
import { isListed } from './principals.ts';

/** What is to be certified. Only `judgeRequest` and `judgeUserRequest` make one. */
export interface IssuancePlan {
  readonly certificateName: IssuedName;
  readonly profile: IssuedKind;
  readonly subject: Subject;
  /** As kubeadm orders them: DNS names sorted, then addresses in the order of the CSR. */
  readonly names: readonly AlternativeName[];
  readonly key: CertifiableKey;
  readonly validitySeconds: number;
  /** Why an approver has to agree first; undefined if nobody has to. */
  readonly approvalReason: string | undefined;
  /** Principals whose approval counts; undefined: everybody's who can write one. */
  readonly approvers?: readonly string[];
}

export interface RequestContext {
  readonly address: RequestAddress;
  readonly certificateName: CertificateName;
  readonly record: ClusterRecord;
  /** Who uploaded, as the S3 event says (`AWS:<principal id>`); undefined if no event was seen. */
  readonly uploader: string | undefined;
}

export type Judgement =
  | { readonly plan: IssuancePlan; readonly violations: readonly [] }
  | { readonly plan?: undefined; readonly violations: readonly Violation[] };

/**
 * The judgement of door and policy together. A CSR that the door refused is judged as far as it could be read, so that
 * all reasons stand in one refusal; a plan is made of a sound one only.
 */
export function judgeRequest(
  { request, seen, violations: ofDoor }: DoorResult,
  { address, certificateName, record, uploader }: RequestContext,
): Judgement {
  const profile = profileFor(certificateName, record.kubernetesVersion);
  const node = findNode(record, address.node);
  const violations: Violation[] = [...ofDoor];
  if (!node) violations.push(nodeUnknown(address, record));
  else
    violations.push(
      ...judgeUploader(uploader, node.uploaders),
      ...judgeRole(certificateName, node),
    );
  if (!profile) violations.push(notInVersion(certificateName, record));
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
      names: [
        ...names.filter(isDns).sort((a, b) => (a.value < b.value ? -1 : 1)),
        ...names.filter((name) => !isDns(name)),
      ],
      key,
      validitySeconds: record.validitySeconds,
      approvalReason: approvalReason(profile, subject, record),
    },
    violations: [],
  };
}

export const MASTERS = 'system:masters';
export const MASTERS_REASON =
  'O=system:masters passes every authorization check and can not be revoked';

const isDns = (name: AlternativeName) => name.type === 'DNS';

/** `ca` vouches for users of the API server; there the group system:masters is above all authorization. */
function approvalReason(
  profile: VersionedProfile,
  subject: Subject,
  record: ClusterRecord,
): string | undefined {
  if (profile.ca === 'ca' && subject.organizations.includes(MASTERS)) return MASTERS_REASON;
  return record.approvalRequired.includes(profile.name)
    ? "the cluster record's approvalRequired lists it"
    : undefined;
}

function nodeUnknown(address: RequestAddress, record: ClusterRecord): Violation {
  return {
    code: 'node-unknown',
    field: 'node',
    got: address.node,
    allowed: `nodes of the cluster record: ${listed(record.nodes.map(({ name }) => name))}`,
    fix: `add the node to the record of cluster ${record.cluster}, then upload under a new request id`,
  };
}

/** With a list of uploaders, an upload that no event vouches for is refused as well. */
export function judgeUploader(
  uploader: string | undefined,
  uploaders: readonly string[],
): Violation[] {
  if (uploaders.length === 0) return [];
  if (isListed(uploader, uploaders)) return [];
  return [
    {
      code: 'uploader-not-allowed',
      field: 'uploader',
      got: quote(uploader ?? 'unknown (the upload event was lost)'),
      allowed: listed(uploaders),
      fix: 'upload under a new request id with the credentials that are listed, or add the principal to uploaders',
    },
  ];
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
      fix: 'upload kubelet.conf.csr only (generate-csr writes the others on workers too), or change the role in the record',
    },
  ];
}

function notInVersion(certificateName: CertificateName, record: ClusterRecord): Violation {
  return {
    code: 'certificate-name-version',
    field: 'certificateName',
    got: `${certificateName} in Kubernetes ${record.kubernetesVersionText}`,
    allowed: `Kubernetes 1.${profileOf(certificateName).since.split('.')[1]} or later`,
    fix: 'leave the file out, or bring kubernetesVersion in the cluster record up to date',
  };
}

export function judgeKey(key: CertifiableKey, record: ClusterRecord): Violation[] {
  if (!record.allowedKeys || record.allowedKeys.includes(key.kind)) return [];
  return [
    {
      code: 'key-not-allowed',
      field: 'publicKey',
      got: key.kind,
      allowed: listed(record.allowedKeys),
      fix: 'set encryptionAlgorithm in the kubeadm configuration, or widen allowedKeys in the cluster record',
    },
  ];
}
