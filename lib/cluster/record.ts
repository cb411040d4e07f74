/** A cluster record as checked: defaults filled in, texts parsed. Only `parseClusterRecord` makes one. */
import { parseDurationSeconds } from '../duration.ts';
import { type AddressRange, parseAddressRange } from '../ip-address.ts';
import type { CertificateName } from '../profiles/certificate-names.ts';
import { type KubernetesVersion, parseKubernetesVersion } from '../profiles/kubernetes-version.ts';
import type { NodeRole } from '../profiles/profiles.ts';
import { describeIssue } from '../store/describe-issue.ts';
import { hostOfEndpoint } from './endpoint.ts';
import { type ClusterRecordDocument, clusterRecordSchema } from './record-schema.ts';

export interface ExtraNames {
  readonly apiserver: readonly string[];
  readonly etcdServer: readonly string[];
  readonly etcdPeer: readonly string[];
}

export interface ClusterNode {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly role: NodeRole;
  readonly uploaders: readonly string[];
  readonly extraNames: ExtraNames;
}

export interface NodeRule {
  readonly namePattern: string;
  readonly addressRanges: readonly AddressRange[];
  readonly role: NodeRole;
}

export interface ClusterRecord {
  readonly cluster: string;
  readonly trustDomain: string;
  readonly kubernetesVersion: KubernetesVersion;
  /** As written, for reports: `v1.37.2`. */
  readonly kubernetesVersionText: string;
  /** Host part of controlPlaneEndpoint, a DNS name or an address. */
  readonly controlPlaneHost: string | undefined;
  /** First range of networking.serviceSubnet: the second never reaches a certificate. */
  readonly serviceRange: AddressRange;
  readonly dnsDomain: string;
  readonly extraNames: ExtraNames;
  readonly validitySeconds: number;
  readonly nodes: readonly ClusterNode[];
  readonly nodeRules: readonly NodeRule[];
  readonly uploaders: readonly string[];
  readonly approvalRequired: readonly CertificateName[];
  readonly maxNames: number | undefined;
  readonly allowedKeys: readonly string[] | undefined;
  /** undefined: no user gets a certificate. */
  readonly users: UserRule | undefined;
}

/** Who may have a certificate of a user, and what it may hold. */
export interface UserRule {
  readonly organizations: readonly string[];
  /** Also what is issued where nobody asked for a time. */
  readonly maxValiditySeconds: number;
  readonly approvalRequired: boolean;
  /** Empty: everybody's approval counts who can write one. */
  readonly approvers: readonly string[];
  /** Empty: everybody may upload whom IAM lets. */
  readonly uploaders: readonly string[];
  /** Empty: any name that a user may have. */
  readonly namePatterns: readonly string[];
}

/** A day: nobody can revoke the certificate of a user. */
export const DEFAULT_USER_VALIDITY = '24h';

/** kubeadm's defaults (cmd/kubeadm/app/apis/kubeadm/v1beta4/defaults.go). */
export const KUBEADM_DEFAULTS = {
  serviceSubnet: '10.96.0.0/12',
  dnsDomain: 'cluster.local',
  certificateValidityPeriod: '8760h0m0s',
} as const;

export type RecordResult =
  | { readonly record: ClusterRecord; readonly problems: readonly [] }
  | { readonly record?: undefined; readonly problems: readonly string[] };

/** Reads the JSON value of a cluster record; `problems` names every field that is wrong, as `nodes[0].name: must be …`. */
export function parseClusterRecord(value: unknown): RecordResult {
  const result = clusterRecordSchema.safeParse(value);
  if (!result.success)
    return {
      problems: result.error.issues.map(describeIssue),
    };
  const problems = findContradictions(result.data);
  return problems.length > 0 ? { problems } : { record: build(result.data), problems: [] };
}

/** Checks that concern more than one field. */
function findContradictions(doc: ClusterRecordDocument): string[] {
  const names = doc.nodes.map(({ name }) => name);
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  const problems = [...twice].map((name) => `nodes: ${name} stands there twice`);
  if (doc.nodes.length === 0 && !doc.nodeRules?.length)
    problems.push('nodes: needs at least one node, or a rule in nodeRules');
  if (doc.controlPlaneEndpoint !== undefined && !hostOfEndpoint(doc.controlPlaneEndpoint))
    problems.push('controlPlaneEndpoint: must be HOST or HOST:PORT');
  return problems;
}

function build(doc: ClusterRecordDocument): ClusterRecord {
  const serviceSubnet = doc.networking?.serviceSubnet ?? KUBEADM_DEFAULTS.serviceSubnet;
  const period = doc.certificateValidityPeriod ?? KUBEADM_DEFAULTS.certificateValidityPeriod;
  return {
    cluster: doc.cluster,
    trustDomain: doc.trustDomain,
    kubernetesVersion: checked(parseKubernetesVersion(doc.kubernetesVersion)),
    kubernetesVersionText: doc.kubernetesVersion,
    controlPlaneHost: doc.controlPlaneEndpoint && hostOfEndpoint(doc.controlPlaneEndpoint),
    serviceRange: checked(parseAddressRange((serviceSubnet.split(',')[0] ?? '').trim())),
    dnsDomain: doc.networking?.dnsDomain ?? KUBEADM_DEFAULTS.dnsDomain,
    extraNames: extraNamesOf(doc),
    validitySeconds: checked(parseDurationSeconds(period)),
    nodes: doc.nodes.map((node) => ({
      ...node,
      uploaders: node.uploaders ?? [],
      extraNames: extraNamesOf(node),
    })),
    nodeRules: (doc.nodeRules ?? []).map((rule) => ({
      ...rule,
      addressRanges: rule.addressRanges.map((range) => checked(parseAddressRange(range))),
    })),
    uploaders: doc.uploaders ?? [],
    approvalRequired: doc.approvalRequired ?? [],
    maxNames: doc.limits?.maxNames,
    allowedKeys: doc.allowedKeys,
    users: doc.users && userRuleOf(doc.users),
  };
}

function userRuleOf(users: NonNullable<ClusterRecordDocument['users']>): UserRule {
  const period = users.maxValidityPeriod ?? DEFAULT_USER_VALIDITY;
  return {
    organizations: users.organizations ?? [],
    maxValiditySeconds: checked(parseDurationSeconds(period)),
    approvalRequired: users.approvalRequired ?? true,
    approvers: users.approvers ?? [],
    uploaders: users.uploaders ?? [],
    namePatterns: users.namePatterns ?? [],
  };
}

function extraNamesOf(part: Pick<ClusterRecordDocument, 'apiServer' | 'etcd'>): ExtraNames {
  return {
    apiserver: part.apiServer?.certSANs ?? [],
    etcdServer: part.etcd?.local?.serverCertSANs ?? [],
    etcdPeer: part.etcd?.local?.peerCertSANs ?? [],
  };
}

/** The schema has checked these texts; a value that is missing all the same is a bug here. */
function checked<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the cluster record schema let a bad value through');
  return value;
}
