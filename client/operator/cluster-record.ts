/** Builds and checks the record that `cakeless cluster apply` writes. */
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../lib/contract/cluster-record.ts';
import { CommandError } from '../errors.ts';
import { DECLARED_FIELDS } from '../kubeadm/record-fields.ts';
import type { DeclaredCluster } from './declared-cluster.ts';

export type NodeDocument = ClusterRecordDocument['nodes'][number];

/** `NAME=ADDRESS[,ADDRESS]` of --node and --worker. */
export function parseNodeOption(text: string, role: NodeDocument['role']): NodeDocument {
  const [name = '', addresses = '', ...more] = text.split('=');
  if (name === '' || addresses === '' || more.length > 0)
    throw new CommandError('usage', `${text}: not NAME=ADDRESS[,ADDRESS]`);
  return { name, addresses: addresses.split(','), role };
}

/**
 * Builds a record from a kubeadm configuration and nodes. Fields that a kubeadm configuration does not have (uploaders,
 * approvals, limits, rules, users) and nodes that are not given are taken from the known record.
 */
export function buildRecord(
  cluster: string,
  trustDomain: string,
  config: DeclaredCluster,
  nodes: readonly NodeDocument[],
  known: ClusterRecordDocument | undefined,
): Record<string, unknown> & { readonly nodes: readonly unknown[] } {
  const { node } = config;
  const fromConfig: NodeDocument[] =
    node && !nodes.some(({ name }) => name === node.name)
      ? [{ name: node.name, addresses: [node.address], role: 'control-plane' }]
      : [];
  const named = [...fromConfig, ...nodes];
  // each node keeps its place: a file that is applied again changes nothing
  const before = (known?.nodes ?? []).map((node) => ({
    node,
    next: named.find(({ name }) => name === node.name),
  }));
  const added = named.filter((node) => !before.some(({ next }) => next === node));
  return {
    cluster,
    trustDomain,
    ...config.fields,
    nodes: [...before.map(({ node, next }) => ({ ...node, ...next })), ...added],
    ...ownFieldsOf(known),
  };
}

/** The fields that only a cluster record has, such as `users` and `limits`. */
function ownFieldsOf(known: ClusterRecordDocument | undefined): Partial<ClusterRecordDocument> {
  const others: readonly string[] = ['cluster', 'trustDomain', 'nodes', ...DECLARED_FIELDS];
  const own = Object.entries(known ?? {}).filter(([field]) => !others.includes(field));
  return Object.fromEntries(own);
}

/**
 * @param heading what is wrong with the file as a whole; the invalid fields follow it
 * @throws CommandError that names every invalid field
 */
export function checkRecordDocument(
  value: unknown,
  heading: string,
  hint = 'run cakeless cluster show NAME -o yaml to see the record of another cluster',
): ClusterRecord {
  const { record, problems } = parseClusterRecord(value);
  if (record) return record;
  throw new CommandError('usage', [`${heading}:`, ...problems], hint);
}
