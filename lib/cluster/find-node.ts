import { RESERVED_NODE_NAMES } from '../contract/request-kinds.ts';
import type { AddressRange } from '../ip-address.ts';
import type { NodeRole } from '../profiles/profiles.ts';
import type { ClusterRecord, ExtraNames } from './record.ts';

/** What the cluster record says about one node, in an entry or a rule. */
export interface KnownNode {
  readonly name: string;
  readonly role: NodeRole;
  /** Empty if the node matches a rule: then any address in `addressRanges` may be its address. */
  readonly addresses: readonly string[];
  readonly addressRanges: readonly AddressRange[];
  readonly extraNames: ExtraNames;
  /** What its kubelet's serving certificate may have besides: `patterns` and `addressRanges` are a rule's. */
  readonly kubelet: {
    readonly certSANs: readonly string[];
    readonly patterns: readonly string[];
    readonly addressRanges: readonly AddressRange[];
  };
  /** Principals that may upload for it. @default any principal */
  readonly uploaders: readonly string[];
}

const NO_NAMES: ExtraNames = { apiserver: [], etcdServer: [], etcdPeer: [] };

/** The node's entry, or else the first rule whose pattern matches. */
export function findNode(record: ClusterRecord, name: string): KnownNode | undefined {
  const node = record.nodes.find((candidate) => candidate.name === name);
  if (node)
    return {
      ...node,
      addressRanges: [],
      kubelet: { certSANs: node.kubelet.certSANs, patterns: [], addressRanges: [] },
      uploaders: [...node.uploaders, ...record.uploaders],
    };
  if (RESERVED_NODE_NAMES.includes(name)) return undefined; // even if a rule's pattern matches
  const rule = record.nodeRules.find((candidate) => fitsPattern(name, candidate.namePattern));
  if (!rule) return undefined;
  const { role, addressRanges, kubelet } = rule;
  return {
    name,
    role,
    addresses: [],
    addressRanges,
    extraNames: NO_NAMES,
    kubelet: {
      certSANs: [],
      patterns: kubelet.certSANs,
      addressRanges: kubelet.addressRanges,
    },
    uploaders: record.uploaders,
  };
}

/**
 * `*` matches one or more characters, but no `*`, and may be used once. A name with a `*` matches no pattern at all: a
 * rule that allows the names of a domain must not allow the wildcard that covers them.
 */
export function fitsPattern(name: string, pattern: string): boolean {
  if (name.includes('*')) return false;
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return name === pattern;
  return (
    name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after)
  );
}
