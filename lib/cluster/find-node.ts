import type { AddressRange } from '../ip-address.ts';
import { USERS } from '../names.ts';
import type { NodeRole } from '../profiles/profiles.ts';
import type { ClusterRecord, ExtraNames } from './record.ts';

/** What the cluster record says of one node, by its own entry or by a rule. */
export interface KnownNode {
  readonly name: string;
  readonly role: NodeRole;
  /** Empty if a rule vouches for the node: then any address in `addressRanges` is its own. */
  readonly addresses: readonly string[];
  readonly addressRanges: readonly AddressRange[];
  readonly extraNames: ExtraNames;
  /** Principals that may upload for it; empty if the record lists none. */
  readonly uploaders: readonly string[];
}

const NO_NAMES: ExtraNames = { apiserver: [], etcdServer: [], etcdPeer: [] };

/** The node's own entry wins over rules; of rules, the first whose pattern fits. */
export function findNode(record: ClusterRecord, name: string): KnownNode | undefined {
  const node = record.nodes.find((candidate) => candidate.name === name);
  if (node)
    return { ...node, addressRanges: [], uploaders: [...node.uploaders, ...record.uploaders] };
  if (name === USERS) return undefined; // whatever a rule's pattern says
  const rule = record.nodeRules.find((candidate) => fitsPattern(name, candidate.namePattern));
  if (!rule) return undefined;
  const { role, addressRanges } = rule;
  return {
    name,
    role,
    addresses: [],
    addressRanges,
    extraNames: NO_NAMES,
    uploaders: record.uploaders,
  };
}

/** One `*` stands for one or more characters. */
export function fitsPattern(name: string, pattern: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return name === pattern;
  return (
    name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after)
  );
}
