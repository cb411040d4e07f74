/**
 * Names that no serving certificate of a kubelet may have, whatever the cluster record allows its node: with such a name,
 * a node could act as an API server, or as another node.
 */
import {
  type ClusterNames,
  comparableName,
  findName,
  type NameSet,
  namesOfCluster,
  placeOf,
} from '../cluster/cluster-names.ts';
import type { KnownNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { TrustDomainNames } from '../cluster/trust-domain-names.ts';
import type { AlternativeName } from '../csr/alternative-names.ts';
import { type AddressRange, isInRange, parseAddressRange, parseIpAddress } from '../ip-address.ts';

const RANGES: readonly (readonly [range: AddressRange, what: string])[] = [
  ['0.0.0.0/8', 'an unspecified address'],
  ['127.0.0.0/8', 'a loopback address'],
  ['169.254.0.0/16', 'a link-local address'],
  ['224.0.0.0/4', 'a multicast address'],
  ['255.255.255.255/32', 'the broadcast address'],
  // ::, ::1, and IPv4 addresses in an obsolete form (RFC 4291 section 2.5.5)
  ['::/96', 'an unspecified or loopback address'],
  ['::ffff:0:0/96', 'an IPv4-mapped address'],
  ['fe80::/10', 'a link-local address'],
  ['ff00::/8', 'a multicast address'],
].map(([text = '', what = '']) => {
  const range = parseAddressRange(text);
  if (!range) throw new Error(`${text} is not a range`);
  return [range, what] as const;
});

/** Of /etc/hosts, as distributions write it; and RFC 6761 section 6.3. */
const LOOPBACK_LABELS = ['localhost', 'localhost4', 'localhost6', 'ip6-localhost', 'ip6-loopback'];

/** Why no kubelet may have the name; undefined if some may. */
export function whyNever({ type, value }: AlternativeName): string | undefined {
  if (value.includes('*')) return 'a wildcard';
  const name = comparableName(value);
  const octets = parseIpAddress(name);
  if (octets) {
    if (type === 'DNS') return 'an address as a DNS name';
    // compared as it was written: an IPv4-mapped address is not comparable
    const written = parseIpAddress(value) ?? octets;
    return RANGES.find(([range]) => isInRange(written, range) || isInRange(octets, range))?.[1];
  }
  const labels = name.split('.');
  const [first = '', last = ''] = [labels[0], labels.at(-1)];
  if (LOOPBACK_LABELS.includes(first) || last === 'localhost') return 'a name of the loopback';
  // `kubernetes`, `kubernetes.default.svc.<any domain>`: but a node may be called kubernetes-1
  if (first === 'kubernetes') return "the API server's service";
  return last === 'svc' ? 'the name of a service' : undefined;
}

/** Why no kubelet may have any address of the range; undefined if some may have some of them. */
export function whyNeverRange(range: AddressRange, record: ClusterRecord): string | undefined {
  const isWithin = (other: AddressRange) =>
    other.prefixLength <= range.prefixLength && isInRange(range.octets, other);
  const service = namesOfCluster(record).servers.ranges.find((other) => isWithin(other.range));
  return service?.place ?? RANGES.find(([other]) => isWithin(other))?.[1];
}

/** What else in the node's own cluster has the name; undefined if nothing does. */
export function ownerInCluster(
  value: string,
  node: KnownNode,
  record: ClusterRecord,
): string | undefined {
  const name = comparableName(value);
  const { nodes, servers, controlPlaneRules } = namesOfCluster(record);
  const owner = nodes.get(name);
  if (owner !== undefined && owner !== placeOf(node)) return owner;
  const ownOf = ownershipOf(name, node);
  return (
    findName({ ...NO_NAMES, ranges: servers.ranges }, name) ??
    whereUnless(ownOf.server, { ...NO_NAMES, exact: servers.exact }, name) ??
    whereUnless(ownOf.wildcard, { ...NO_NAMES, patterns: servers.patterns }, name) ??
    whereUnless(ownOf.rule, controlPlaneRules, name)
  );
}

const NO_NAMES: NameSet = { exact: new Map(), patterns: [], ranges: [] };

const whereUnless = (isOwn: (place: string) => boolean, names: NameSet, name: string) => {
  const place = findName(names, name);
  return place === undefined || isOwn(place) ? undefined : place;
};

/**
 * Whether a name that a server has, by its place in the record, is that of the node itself. What a control-plane node's
 * own API server has, its kubelet may have too: the same node can get the API server's certificate for it.
 */
function ownershipOf(name: string, node: KnownNode) {
  const isControlPlane = node.role === 'control-plane';
  const isListed = node.addresses.length > 0;
  const isDeclared = [node.name, ...node.addresses].some((own) => comparableName(own) === name);
  const octets = parseIpAddress(name);
  const isInOwnRange =
    octets !== undefined && node.addressRanges.some((range) => isInRange(octets, range));
  return {
    server: (place: string) => isControlPlane && (isDeclared || place === placeOf(node)),
    // a wildcard of the API servers covers names of workers that are listed, but not any name that a rule matches
    wildcard: () => isDeclared && (isListed || isControlPlane),
    // entries and earlier rules take precedence: no other node can match the rule with this name or address
    rule: () => isDeclared || (isControlPlane && isInOwnRange),
  };
}

/** What has the name in another cluster of the trust domain. */
export interface OwnerElsewhere {
  readonly cluster: string;
  readonly place: string;
  /** A server's name is never allowed. A kubelet's is an overlap of two records. */
  readonly kind: 'server' | 'kubelet';
}

export function ownerElsewhere(
  value: string,
  { cluster }: Pick<ClusterRecord, 'cluster'>,
  { clusters }: TrustDomainNames,
): OwnerElsewhere | undefined {
  const name = comparableName(value);
  const found = clusters
    .filter((other) => other.cluster !== cluster)
    .map((other) => ownerIn(name, other))
    .filter((owner) => owner !== undefined);
  return found.find(({ kind }) => kind === 'server') ?? found[0];
}

/**
 * Clients of a cluster check servers with the CAs of the trust domain. Its kubelets are checked with them only if the
 * record allows them serving certificates; other workers of other clusters can have any name.
 */
function ownerIn(name: string, other: ClusterNames): OwnerElsewhere | undefined {
  const { cluster } = other;
  const server = findName(other.servers, name) ?? findName(other.controlPlaneRules, name);
  if (server !== undefined) return { cluster, place: server, kind: 'server' };
  const kubelet = other.kubelets && findName(other.kubelets, name);
  return kubelet === undefined ? undefined : { cluster, place: kubelet, kind: 'kubelet' };
}
