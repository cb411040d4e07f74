/**
 * Policy for the certificates that kubelets request through the certificates API. The cluster record says which nodes
 * there are, of which role, and which names they have: a bootstrap token can request a certificate for any node, and a
 * Node object says what its own kubelet writes into it.
 */
import type { CsrObject } from '../certificates-api/csr-object.ts';
import { signerOfPath } from '../certificates-api/signers.ts';
import { findNode, type KnownNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { TrustDomainNames } from '../cluster/trust-domain-names.ts';
import type { RequestAddress } from '../contract/request-key.ts';
import { CSR, isNodeName } from '../contract/request-kinds.ts';
import type { AlternativeName } from '../csr/alternative-names.ts';
import type { CsrReading } from '../csr/read-request.ts';
import type { Subject } from '../csr/subject.ts';
import { nodeOfUser } from '../names.ts';
import { listed, quote } from '../printable.ts';
import type { KubeletName } from '../profiles/certificate-names.ts';
import { issuedProfileOf } from '../profiles/profile-for.ts';
import type { NodeRole } from '../profiles/profiles.ts';
import type { Violation } from '../refusal/violation.ts';
import { inKubeadmsOrder, type Judgement } from './issuance-plan.ts';
import { apiValidity, judgeApiObject, signingNotAllowed } from './judge-api-object.ts';
import { judgeKey, judgeLongest, judgeNoNames, judgeUploader } from './judge-common.ts';
import { nodeUnknown } from './judge-node.ts';
import { judgeKubeletNames } from './kubelet-names.ts';

export interface KubeletContext {
  readonly address: RequestAddress;
  readonly certificateName: KubeletName;
  readonly record: ClusterRecord;
  readonly uploader: string | undefined;
  /** The longest validity that the trust domain allows. */
  readonly maxValiditySeconds: number;
  /** What all clusters of the trust domain declare. */
  readonly domain: TrustDomainNames | undefined;
}

export function judgeKubeletRequest(
  { request, seen, violations: ofCsr }: CsrReading,
  object: CsrObject | undefined,
  context: KubeletContext,
): Judgement {
  const { address, certificateName, record, uploader, maxValiditySeconds } = context;
  const name = nodeNameOf(address, seen.subject);
  const node = name === undefined ? undefined : findNode(record, name);
  const mostSeconds = record.csrSigning?.maxValiditySeconds ?? record.validitySeconds;
  const validitySeconds = object ? apiValidity(object, mostSeconds) : mostSeconds;
  const violations: Violation[] = [
    ...ofCsr,
    ...(object ? judgeApiObject(address, object) : []),
    ...judgeLongest(validitySeconds, record, maxValiditySeconds),
    ...judgeUploader(uploader, uploadersFor(address, record, node)),
    ...judgeSigning(certificateName, address, record, node),
  ];
  if (name !== undefined && !node) violations.push(nodeUnknown(name, record));
  if (node) violations.push(...judgePlace(address, node));
  if (seen.key) violations.push(...judgeKey(seen.key, record));
  if (seen.subject)
    violations.push(...judgeKubeletSubject(address, certificateName, object, seen.subject));
  if (seen.names) violations.push(...judgeNames(seen.names, node, context));
  if (violations.length > 0 || !request) return { violations };
  return {
    plan: {
      certificateName,
      profile: issuedProfileOf(certificateName),
      subject: request.subject,
      names: inKubeadmsOrder(request.names),
      key: request.key,
      validitySeconds,
      approvalReason: undefined,
    },
    violations: [],
  };
}

/** The node whose kubelet it is: that of the prefix, or else that of the CN. undefined if no node has such a CN. */
function nodeNameOf({ node }: RequestAddress, subject: Subject | undefined): string | undefined {
  if (node !== CSR) return node;
  const name = subject && nodeOfUser(subject.commonName);
  return name !== undefined && isNodeName(name) ? name : undefined;
}

function uploadersFor(
  { node: place }: RequestAddress,
  record: ClusterRecord,
  node: KnownNode | undefined,
): readonly string[] {
  return place === CSR ? (record.csrSigning?.uploaders ?? []) : (node?.uploaders ?? []);
}

/** Whether the cluster record lets a node of this role have the certificate, in this place. */
export function judgeNode(
  certificateName: KubeletName,
  address: RequestAddress,
  record: ClusterRecord,
  node: KnownNode,
): Violation[] {
  return [...judgeSigning(certificateName, address, record, node), ...judgePlace(address, node)];
}

function judgeSigning(
  certificateName: KubeletName,
  { path }: RequestAddress,
  { cluster, csrSigning }: ClusterRecord,
  node: KnownNode | undefined,
): Violation[] {
  const signer = signerOfPath(path);
  const rule =
    certificateName === 'kubelet-client' ? csrSigning?.kubeletClient : csrSigning?.kubeletServing;
  if (!rule) return signer ? [signingNotAllowed(cluster, signer)] : [];
  if (!node || rule.roles.includes(node.role)) return [];
  return [roleNotAllowed(certificateName, node, rule.roles)];
}

function roleNotAllowed(
  certificateName: KubeletName,
  { role }: KnownNode,
  roles: readonly NodeRole[],
): Violation {
  return {
    code: 'certificate-name-role',
    field: 'certificateName',
    got: `${certificateName} on a ${role} node`,
    allowed: `a node with role ${roles.join(' or ')}`,
    fix: "extend the signer's roles in csrSigning of the cluster record, or change the role of the node",
  };
}

/** A forwarder speaks for workers, and a control-plane node for itself alone: each CSR has one place. */
function judgePlace({ node: place }: RequestAddress, { name, role }: KnownNode): Violation[] {
  const isForwarded = place === CSR;
  if (isForwarded === (role === 'worker')) return [];
  return [
    {
      code: 'csr-place',
      field: 'node',
      got: `${name} (${role}) below ${isForwarded ? CSR : 'its own name'}`,
      allowed: `workers below ${CSR}; control-plane nodes below their own names`,
      fix: isForwarded
        ? `for the first certificate of a control-plane node: cakeless prepare on ${name}; its kubelet's later CSRs: cakeless csrsigning on that node`
        : `forward the CSRs of workers below ${CSR}, or correct the role in the cluster record`,
    },
  ];
}

/** Subject and requester, which no cluster record changes. */
export function judgeKubeletSubject(
  { node: place }: RequestAddress,
  certificateName: KubeletName,
  object: CsrObject | undefined,
  { commonName, organizations }: Subject,
): Violation[] {
  const name = nodeOfUser(commonName);
  const violations: Violation[] = [];
  const isOfNode = name !== undefined && isNodeName(name) && (place === CSR || place === name);
  if (!isOfNode)
    violations.push({
      code: 'subject-common-name',
      field: 'subject.commonName',
      got: quote(commonName) || '(none)',
      allowed: place === CSR ? 'system:node:<name of a node>' : `system:node:${place}`,
      fix: 'only kubelets get this certificate, each for its own node',
    });
  if (organizations.length !== 1 || organizations[0] !== NODES)
    violations.push({
      code: 'subject-organization',
      field: 'subject.organizations',
      got: listed(organizations),
      allowed: NODES,
      fix: 'let the kubelet create the CSR',
    });
  if (object) violations.push(...judgeRequester(certificateName, object, commonName));
  return violations;
}

const NODES = 'system:nodes';
const BOOTSTRAPPERS = 'system:bootstrappers';

/**
 * A node requests for itself; its first client certificate is requested with a bootstrap token. Since 1.31, NodeRestriction
 * checks the former too (kubernetes#126015).
 */
function judgeRequester(
  certificateName: KubeletName,
  { spec: { username, groups } }: CsrObject,
  commonName: string,
): Violation[] {
  const isNode = username === commonName && groups.includes(NODES);
  const mayBootstrap = certificateName === 'kubelet-client';
  if (isNode || (mayBootstrap && groups.includes(BOOTSTRAPPERS))) return [];
  const others = mayBootstrap ? `, or a user in ${BOOTSTRAPPERS}` : '';
  return [
    {
      code: 'csr-requester',
      field: 'spec.username',
      got: `${quote(username) || '(none)'} in ${listed(groups)}`,
      allowed: `${quote(commonName)} in ${NODES}${others}`,
      fix: 'let the kubelet of the node create the CSR',
    },
  ];
}

function judgeNames(
  names: readonly AlternativeName[],
  node: KnownNode | undefined,
  { certificateName, record, domain }: KubeletContext,
): Violation[] {
  if (certificateName === 'kubelet-client') return judgeNoNames(names);
  if (!node) return [];
  if (!domain) throw new Error('a serving certificate is judged by the names of its trust domain');
  return judgeKubeletNames(names, node, record, domain);
}
