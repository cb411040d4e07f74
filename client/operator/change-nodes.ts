/** Adds nodes to a cluster record, and removes them from it; everything else in the record stays. */

import type { ClusterRecordDocument } from '../../lib/contract/cluster-record.ts';
import type { ExpiryEntry } from '../../lib/contract/expiry-key.ts';
import { dayOf, listExpiries } from '../../lib/expiry/expiry-index.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';
import { missingRecord, unreadableRecord } from '../read-record.ts';
import { checkRecordDocument, type NodeDocument } from './cluster-record.ts';
import type { ExistingRecord } from './existing-record.ts';
import type { RecordSource } from './record-source.ts';

/**
 * A record with one more node. A node with the same values changes nothing.
 * Its `build` throws a CommandError for a node that has other values, unless `replace` is true; for a missing or
 * unreadable record; and for an invalid result.
 */
export function addNode(cluster: string, node: NodeDocument, replace: boolean): RecordSource {
  return changeNodes(cluster, (nodes) => {
    const known = nodes.find(({ name }) => name === node.name);
    if (!known) return [...nodes, node];
    const next = { ...known, ...node };
    if (!replace && JSON.stringify(next) !== JSON.stringify(known))
      throw new CommandError(
        'usage',
        `cluster ${cluster}: node ${node.name} is already a ${known.role} node with ${known.addresses.join(', ')}`,
        'change its role, addresses and kubelet.certSANs with --replace; everything else is kept',
      );
    return nodes.map((other) => (other === known ? next : other));
  });
}

/**
 * A record without these nodes.
 * Its `build` throws a CommandError for a node that is not in the record, for the last node of a record without node
 * rules, and for a missing or unreadable record.
 */
export function removeNodes(cluster: string, names: readonly string[]): RecordSource {
  return changeNodes(cluster, (nodes, record) => {
    const missing = names.filter((name) => !nodes.some((node) => node.name === name));
    if (missing.length > 0)
      throw new CommandError(
        'usage',
        `cluster ${cluster}: ${missing.join(', ')}: no such node in the record`,
        `list the nodes with cakeless cluster show ${cluster}`,
      );
    const kept = nodes.filter(({ name }) => !names.includes(name));
    if (kept.length === 0 && !record.nodeRules?.length)
      throw new CommandError(
        'usage',
        `cluster ${cluster}: this would remove its last node, and a record needs a node or a rule in nodeRules`,
        'add the node that replaces it first, with cakeless cluster node add',
      );
    return kept;
  });
}

function changeNodes(
  cluster: string,
  change: (nodes: readonly NodeDocument[], record: ClusterRecordDocument) => NodeDocument[],
): RecordSource {
  return {
    build: (before) => {
      const record = requireReadable(cluster, before);
      const document = { ...record, nodes: change(record.nodes, record) };
      const heading = `cluster ${cluster}: the record would not be valid`;
      const hint = 'correct the name or the addresses of the node';
      return { document, record: checkRecordDocument(document, heading, hint) };
    },
    conflictHint: 'run the same command again; it starts from the changed record',
  };
}

function requireReadable(
  cluster: string,
  before: ExistingRecord | undefined,
): ClusterRecordDocument {
  if (before?.record) return before.record;
  if (!before) throw missingRecord(cluster);
  throw unreadableRecord(
    cluster,
    before.problem ?? `cluster ${cluster}: its record cannot be read`,
  );
}

/** Certificates of these nodes that have not expired. */
export async function validCertificates(
  authority: ObjectStore,
  cluster: string,
  nodes: readonly string[],
  now: Date,
): Promise<ExpiryEntry[]> {
  const found: ExpiryEntry[] = [];
  for await (const entry of listExpiries(authority, dayOf(now)))
    if (entry.cluster === cluster && nodes.includes(entry.node)) found.push(entry);
  return found;
}

/** One line for each node: how many certificates it has, and until when the last of them is valid. */
export function describeValid(entries: readonly ExpiryEntry[]): string[] {
  const nodes = [...new Set(entries.map(({ node }) => node))];
  return nodes.map((node) => {
    const own = entries.filter((entry) => entry.node === node);
    const names = [...new Set(own.map(({ certificateName }) => certificateName))];
    const last = own.reduce((day, entry) => (entry.day > day ? entry.day : day), '');
    return `${node} has valid certificates until ${last}: ${names.join(', ')}`;
  });
}
