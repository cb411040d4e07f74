/** Warns about serving certificates of kubelets that are dangerous, or that the service rejects. */
import { namesOfCluster } from '../../lib/cluster/cluster-names.ts';
import { toName } from '../../lib/cluster/expected-names.ts';
import { findNode, fitsPattern } from '../../lib/cluster/find-node.ts';
import type { ClusterRecord, NodeRule } from '../../lib/cluster/record.ts';
import {
  formatAddressRange,
  isInRange,
  parseIpAddress,
  rangesOverlap,
} from '../../lib/ip-address.ts';
import { ownerInCluster, whyNever } from '../../lib/policy/forbidden-names.ts';
import { shortList, type TrustDomainOfKubelets } from './neighbors.ts';

/** A line for each danger; none without csrSigning. */
export function describeKubeletDangers(
  record: ClusterRecord,
  trustDomain: TrustDomainOfKubelets,
): string[] {
  const { csrSigning } = record;
  if (!csrSigning) return [];
  const { kubeletClient, kubeletServing, kubeAPIServerClient } = csrSigning;
  if (!kubeletClient && !kubeletServing && !kubeAPIServerClient) return [NO_SIGNER];
  return [
    ...(csrSigning.kubeletServing
      ? [...ofCa(record, trustDomain), ...ofNodes(record), ...ofRules(record)]
      : []),
    ...(csrSigning.kubeAPIServerClient && !record.users
      ? [
          'warning: csrSigning.kubeAPIServerClient has no effect without users, the rule for certificates of users',
        ]
      : []),
  ];
}

const NO_SIGNER =
  'warning: csrSigning names no signer, so no CSR of the certificates API is signed; add kubeletClient, kubeletServing or kubeAPIServerClient';

const DANGER =
  'a wrong name in this record, or a range that is too wide, lets a node act as an API server, and nothing revokes the certificate';

/** Which CA signs: `kubelet-ca` wherever the trust domain has one. */
function ofCa(
  { cluster, trustDomain, csrSigning, nodeRules }: ClusterRecord,
  { hasKubeletCa, sharedWith }: TrustDomainOfKubelets,
): string[] {
  const rule = csrSigning?.kubeletServing;
  if (!rule) return [];
  const field = 'csrSigning.kubeletServing.dangerouslySignByCA';
  if (hasKubeletCa)
    return rule.signByCA
      ? [`warning: ${field} has no effect: trust domain ${trustDomain} has a kubelet-ca`]
      : [];
  if (rule.signByCA)
    return [
      `warning: ${field}: ca, which vouches for the API servers of trust domain ${trustDomain}, signs serving certificates of kubelets of ${cluster}: ${DANGER}`,
    ];
  const ofRule = nodeRules.some(({ role }) => rule.roles.includes(role));
  const [who, why] =
    sharedWith.length > 0
      ? ['kubelets', `other clusters share trust domain ${trustDomain}, which has no kubelet-ca`]
      : ['kubelets of nodes that match a rule', `trust domain ${trustDomain} has no kubelet-ca`];
  return sharedWith.length > 0 || ofRule
    ? [
        `warning: requests for serving certificates of ${who} are rejected: ${why}; add one with cakeless trust-domain create ${trustDomain} --ca kubelet-ca`,
      ]
    : [];
}

/** Names that listed nodes have, and their kubelets may not have: such as an address that is also the endpoint's. */
function ofNodes(record: ClusterRecord): string[] {
  const roles = record.csrSigning?.kubeletServing?.roles ?? [];
  const found = record.nodes.flatMap((listed) => {
    const node = roles.includes(listed.role) ? findNode(record, listed.name) : undefined;
    if (!node) return [];
    return [node.name, ...node.addresses].flatMap((name) => {
      const why = whyNever(toName(name)) ?? ownerInCluster(name, node, record);
      return why === undefined ? [] : [`${name} of ${node.name} (${why})`];
    });
  });
  return found.length === 0
    ? []
    : [
        `warning: no kubelet gets a serving certificate with ${shortList(found)}: it is the name of another server, too`,
      ];
}

/** Addresses of control planes in the range of workers: no worker gets a certificate with one of them. */
function ofRules(record: ClusterRecord): string[] {
  return record.nodeRules.flatMap((rule, i) =>
    rule.role === 'worker' && record.csrSigning?.kubeletServing?.roles.includes('worker')
      ? ofWorkers(rule, `nodeRules[${i}]`, record)
      : [],
  );
}

function ofWorkers(rule: NodeRule, place: string, record: ClusterRecord): string[] {
  const { servers, controlPlaneRules } = namesOfCluster(record);
  const warnings: string[] = [];
  for (const range of [...rule.addressRanges, ...rule.kubelet.addressRanges]) {
    const inRange = (name: string) => {
      const octets = parseIpAddress(name);
      return octets !== undefined && isInRange(octets, range);
    };
    const reached = [
      ...[...servers.exact]
        .filter(([name]) => inRange(name))
        .map(([name, of]) => `${name} (${of})`),
      ...controlPlaneRules.ranges
        .filter((other) => rangesOverlap(range, other.range))
        .map((other) => other.place),
    ];
    if (reached.length > 0)
      warnings.push(
        `warning: ${place}: range ${formatAddressRange(range)} of workers contains addresses of control planes: ${shortList(reached)}; a kubelet with one of them gets no serving certificate, and a narrower range is safer`,
      );
  }
  const sample = rule.namePattern.replace('*', 'x');
  const wildcard = servers.patterns.find(({ pattern }) => fitsPattern(sample, pattern));
  if (wildcard)
    warnings.push(
      `warning: ${place}: names of workers match ${wildcard.place}: kubelets with such a name get no serving certificate`,
    );
  return warnings;
}
