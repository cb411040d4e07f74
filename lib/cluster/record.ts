/** A checked cluster record: with defaults, and with parsed texts. Only `parseClusterRecord` makes one. */

import {
  type ClusterRecordDocument,
  clusterRecordSchema,
  type LimitsDocument,
} from '../contract/cluster-record.ts';
import { parseDurationSeconds } from '../duration.ts';
import { type AddressRange, parseAddressRange } from '../ip-address.ts';
import type { CertificateName } from '../profiles/certificate-names.ts';
import { type KubernetesVersion, parseKubernetesVersion } from '../profiles/kubernetes-version.ts';
import type { NodeRole } from '../profiles/profiles.ts';
import { describeIssue } from '../store/describe-issue.ts';
import { hostOfEndpoint } from './endpoint.ts';

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
  /** Additional names and addresses in the serving certificate of its kubelet. */
  readonly kubelet: { readonly certSANs: readonly string[] };
}

export interface NodeRule {
  readonly namePattern: string;
  readonly addressRanges: readonly AddressRange[];
  readonly role: NodeRole;
  /** Additional names, as patterns, and addresses in the serving certificates of their kubelets. */
  readonly kubelet: {
    readonly certSANs: readonly string[];
    readonly addressRanges: readonly AddressRange[];
  };
}

export interface ClusterRecord {
  readonly cluster: string;
  readonly trustDomain: string;
  readonly kubernetesVersion: KubernetesVersion;
  /** As written, for reports: `v1.37.2`. */
  readonly kubernetesVersionText: string;
  /** Host part of controlPlaneEndpoint, a DNS name or an address. */
  readonly controlPlaneHost: string | undefined;
  /** First range of networking.serviceSubnet; certificates never have addresses of the second. */
  readonly serviceRange: AddressRange;
  /** All ranges of networking.serviceSubnet. */
  readonly serviceRanges: readonly AddressRange[];
  readonly dnsDomain: string;
  readonly extraNames: ExtraNames;
  readonly validitySeconds: number;
  readonly nodes: readonly ClusterNode[];
  readonly nodeRules: readonly NodeRule[];
  readonly uploaders: readonly string[];
  readonly approvalRequired: readonly CertificateName[];
  /** The least number of approvers; the trust domain may require more. */
  readonly requiredApprovals: number;
  readonly maxNames: number | undefined;
  /** How much is allowed in a day, where it is not the default (lib/budget/limits.ts). */
  readonly budgets: Omit<LimitsDocument, 'maxNames'>;
  readonly allowedKeys: readonly string[] | undefined;
  /** undefined: users get no certificates. */
  readonly users: UserRule | undefined;
  /** undefined: CertificateSigningRequests of the cluster are not signed. */
  readonly csrSigning: CsrSigningRule | undefined;
}

/** Which users get a certificate, and what it may contain. */
export interface UserRule {
  readonly organizations: readonly string[];
  /** Also the default validity, for a request that does not specify one. */
  readonly maxValiditySeconds: number;
  readonly approvalRequired: boolean;
  /** If empty, an approval by anyone who can write approvals counts. */
  readonly approvers: readonly string[];
  /** If empty, any principal that IAM allows may upload. */
  readonly uploaders: readonly string[];
  /** Empty: any valid user name. */
  readonly namePatterns: readonly string[];
}

/** Which CertificateSigningRequests of the cluster are signed. A signer that is undefined is refused. */
export interface CsrSigningRule {
  /** If empty, any principal that IAM allows may upload. */
  readonly uploaders: readonly string[];
  readonly maxValiditySeconds: number;
  readonly kubeletClient: { readonly roles: readonly NodeRole[] } | undefined;
  readonly kubeletServing:
    | {
        readonly roles: readonly NodeRole[];
        /** dangerouslySignByCA: whether `ca` may sign where the trust domain has no `kubelet-ca`. */
        readonly signByCA: boolean;
      }
    | undefined;
  readonly kubeAPIServerClient: Readonly<Record<never, never>> | undefined;
}

/** One day, because a user's certificate cannot be revoked. */
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

/** Reads the JSON value of a cluster record; `problems` names every invalid field: `nodes[0].name: must be …`. */
export function parseClusterRecord(value: unknown): RecordResult {
  const result = clusterRecordSchema.safeParse(value);
  if (!result.success) return { problems: result.error.issues.map(describeIssue) };
  const problems = findContradictions(result.data);
  return problems.length > 0 ? { problems } : { record: build(result.data), problems: [] };
}

/** Checks of more than one field. */
function findContradictions(doc: ClusterRecordDocument): string[] {
  const names = doc.nodes.map(({ name }) => name);
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  const problems = [...twice].map((name) => `nodes: ${name} is listed twice`);
  if (doc.nodes.length === 0 && !doc.nodeRules?.length)
    problems.push('nodes: must have at least one node, unless nodeRules has a rule');
  if (doc.controlPlaneEndpoint !== undefined && !hostOfEndpoint(doc.controlPlaneEndpoint))
    problems.push('controlPlaneEndpoint: must be HOST or HOST:PORT');
  return problems;
}

function build(doc: ClusterRecordDocument): ClusterRecord {
  const serviceSubnet = doc.networking?.serviceSubnet ?? KUBEADM_DEFAULTS.serviceSubnet;
  const serviceRanges = rangesOf(serviceSubnet.split(',').map((range) => range.trim()));
  const period = doc.certificateValidityPeriod ?? KUBEADM_DEFAULTS.certificateValidityPeriod;
  return {
    cluster: doc.cluster,
    trustDomain: doc.trustDomain,
    kubernetesVersion: checked(parseKubernetesVersion(doc.kubernetesVersion)),
    kubernetesVersionText: doc.kubernetesVersion,
    controlPlaneHost: doc.controlPlaneEndpoint && hostOfEndpoint(doc.controlPlaneEndpoint),
    serviceRange: checked(serviceRanges[0]),
    serviceRanges,
    dnsDomain: doc.networking?.dnsDomain ?? KUBEADM_DEFAULTS.dnsDomain,
    extraNames: extraNamesOf(doc),
    validitySeconds: checked(parseDurationSeconds(period)),
    nodes: doc.nodes.map((node) => ({
      ...node,
      uploaders: node.uploaders ?? [],
      extraNames: extraNamesOf(node),
      kubelet: { certSANs: node.kubelet?.certSANs ?? [] },
    })),
    nodeRules: (doc.nodeRules ?? []).map((rule) => ({
      ...rule,
      addressRanges: rangesOf(rule.addressRanges),
      kubelet: {
        certSANs: rule.kubelet?.certSANs ?? [],
        addressRanges: rangesOf(rule.kubelet?.addressRanges ?? []),
      },
    })),
    uploaders: doc.uploaders ?? [],
    approvalRequired: doc.approvalRequired ?? [],
    requiredApprovals: doc.requiredApprovals ?? 1,
    maxNames: doc.limits?.maxNames,
    budgets: doc.limits ?? {},
    allowedKeys: doc.allowedKeys,
    users: doc.users && userRuleOf(doc.users),
    csrSigning: doc.csrSigning && csrSigningRuleOf(doc.csrSigning, period),
  };
}

const rangesOf = (texts: readonly string[]): AddressRange[] =>
  texts.map((range) => checked(parseAddressRange(range)));

const BOTH_ROLES: readonly NodeRole[] = ['control-plane', 'worker'];

function csrSigningRuleOf(
  rule: NonNullable<ClusterRecordDocument['csrSigning']>,
  validityPeriod: string,
): CsrSigningRule {
  const { kubeletClient, kubeletServing, kubeAPIServerClient } = rule;
  return {
    uploaders: rule.uploaders ?? [],
    maxValiditySeconds: checked(
      parseDurationSeconds(rule.clusterSigningDuration ?? validityPeriod),
    ),
    kubeletClient: kubeletClient && { roles: kubeletClient.roles ?? BOTH_ROLES },
    kubeletServing: kubeletServing && {
      roles: kubeletServing.roles ?? BOTH_ROLES,
      signByCA: kubeletServing.dangerouslySignByCA ?? false,
    },
    kubeAPIServerClient,
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

/** The schema has checked these texts; a missing value is a bug. */
function checked<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the cluster record schema accepted an invalid value');
  return value;
}
