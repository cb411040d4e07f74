/**
 * The names that a cluster record gives to API servers, nodes and kubelets, in a form that is quick to search: a name in
 * a kubelet's certificate must not be that of any other server in the trust domain (lib/policy/kubelet-names.ts).
 */
import {
  type AddressRange,
  formatAddressRange,
  isInRange,
  parseIpAddress,
  unmappedRange,
} from '../ip-address.ts';
import { readSloppyAddress } from '../sloppy-address.ts';
import { fitsPattern } from './find-node.ts';
import type { ClusterNode, ClusterRecord, NodeRule } from './record.ts';

/** Where the record declares a name: `apiServer.certSANs`, `node cp-1`, `nodeRules[0]`. */
type Place = string;

export interface NameSet {
  /** By name or address, as `comparableName` returns it. */
  readonly exact: ReadonlyMap<string, Place>;
  readonly patterns: readonly { readonly pattern: string; readonly place: Place }[];
  readonly ranges: readonly { readonly range: AddressRange; readonly place: Place }[];
}

export interface ClusterNames {
  readonly cluster: string;
  /** Of the API servers, and of etcd: endpoint, certSANs, control-plane nodes that are listed, and all services. */
  readonly servers: NameSet;
  /** Of control-plane nodes that match a rule. */
  readonly controlPlaneRules: NameSet;
  /** Of every listed node, by name or address. */
  readonly nodes: ReadonlyMap<string, Place>;
  /** What serving certificates of kubelets may contain; undefined if the record allows no such certificate. */
  readonly kubelets: NameSet | undefined;
}

/**
 * DNS names are compared in lower case, and addresses by their octets. A DNS name that looks like an address is compared
 * as one, because some clients would use it as one.
 */
export function comparableName(text: string): string {
  return readSloppyAddress(text) ?? text.toLowerCase().replace(/\.$/, '');
}

/** What has the name; undefined if nothing does. */
export function findName(set: NameSet, name: string): Place | undefined {
  const exact = set.exact.get(name);
  if (exact !== undefined) return exact;
  const octets = parseIpAddress(name);
  if (!octets) return set.patterns.find(({ pattern }) => fitsPattern(name, pattern))?.place;
  return set.ranges.find(({ range }) => isInRange(octets, range))?.place;
}

const known = new WeakMap<ClusterRecord, ClusterNames>();

export function namesOfCluster(record: ClusterRecord): ClusterNames {
  const names = known.get(record) ?? collect(record);
  known.set(record, names);
  return names;
}

function collect(record: ClusterRecord): ClusterNames {
  const nodes = new Map<string, Place>();
  for (const node of record.nodes)
    for (const name of [...ownNames(node), ...node.kubelet.certSANs])
      addTo(nodes, name, placeOf(node));
  const rules = record.nodeRules.map((rule, i) => [rule, `nodeRules[${i}]`] as const);
  return {
    cluster: record.cluster,
    servers: serversOf(record),
    controlPlaneRules: nameSet((add) => {
      for (const [rule, place] of rules)
        if (rule.role === 'control-plane') addRule(add, rule, place);
    }),
    nodes,
    kubelets: kubeletsOf(record, rules),
  };
}

export const placeOf = ({ name }: Pick<ClusterNode, 'name'>): Place => `node ${name}`;

const ownNames = ({ name, addresses }: ClusterNode) => [name, ...addresses];

function serversOf(record: ClusterRecord): NameSet {
  const { serviceRanges, dnsDomain, controlPlaneHost, nodes } = record;
  return nameSet((add) => {
    for (const range of serviceRanges) add.range(range, 'networking.serviceSubnet');
    add.pattern(`*.svc.${dnsDomain}`, 'networking.dnsDomain');
    if (controlPlaneHost !== undefined) add.name(controlPlaneHost, 'controlPlaneEndpoint');
    for (const [name, field] of extraNamesOf(record)) add.name(name, field);
    for (const node of nodes) addServers(add, node);
  });
}

function addServers(add: Add, node: ClusterNode): void {
  const place = placeOf(node);
  for (const [name] of extraNamesOf(node)) add.name(name, place);
  if (node.role === 'control-plane') for (const name of ownNames(node)) add.name(name, place);
}

const extraNamesOf = ({ extraNames }: Pick<ClusterNode, 'extraNames'>) =>
  [
    ...extraNames.apiserver.map((name) => [name, 'apiServer.certSANs'] as const),
    ...extraNames.etcdServer.map((name) => [name, 'etcd.local.serverCertSANs'] as const),
    ...extraNames.etcdPeer.map((name) => [name, 'etcd.local.peerCertSANs'] as const),
  ] as const;

function kubeletsOf(
  record: ClusterRecord,
  rules: readonly (readonly [NodeRule, Place])[],
): NameSet | undefined {
  const roles = record.csrSigning?.kubeletServing?.roles;
  if (!roles) return undefined;
  return nameSet((add) => {
    for (const node of record.nodes.filter(({ role }) => roles.includes(role)))
      for (const name of [...ownNames(node), ...node.kubelet.certSANs])
        add.name(name, placeOf(node));
    for (const [rule, place] of rules.filter(([{ role }]) => roles.includes(role))) {
      addRule(add, rule, place);
      for (const pattern of rule.kubelet.certSANs) add.pattern(pattern, place);
      for (const range of rule.kubelet.addressRanges) add.range(range, place);
    }
  });
}

interface Add {
  /** A wildcard is a pattern: it covers the names that it matches. */
  name(name: string, place: Place): void;
  pattern(pattern: string, place: Place): void;
  range(range: AddressRange, place: Place): void;
}

function addRule(add: Add, { namePattern, addressRanges }: NodeRule, place: Place): void {
  add.pattern(namePattern, place);
  for (const range of addressRanges) add.range(range, place);
}

function nameSet(fill: (add: Add) => void): NameSet {
  const exact = new Map<string, Place>();
  const patterns: NameSet['patterns'][number][] = [];
  const ranges: NameSet['ranges'][number][] = [];
  const add: Add = {
    name: (name, place) =>
      name.includes('*') ? add.pattern(name, place) : addTo(exact, name, place),
    pattern: (pattern, place) =>
      void (pattern.includes('*')
        ? patterns.push({ pattern, place: `${place} (${pattern})` })
        : addTo(exact, pattern, place)),
    range: (range, place) =>
      void ranges.push({
        range: unmappedRange(range),
        place: `${place} (${formatAddressRange(range)})`,
      }),
  };
  fill(add);
  return { exact, patterns, ranges };
}

/** If several places have the name, it is that of none of them alone. Two are enough for a message. */
function addTo(exact: Map<string, Place>, text: string, place: Place): void {
  const name = comparableName(text);
  const before = exact.get(name);
  if (before === undefined) exact.set(name, place);
  else if (before !== place && !before.includes(AND)) exact.set(name, `${before}${AND}${place}`);
}

const AND = ' and ';
