/** Makes the record that `cakeless cluster apply` writes. */
import { type ClusterRecord, parseClusterRecord } from '../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../lib/contract/cluster-record.ts';
import { CommandError } from '../errors.ts';
import type { KubeadmConfig } from './kubeadm-config.ts';

type NodeDocument = ClusterRecordDocument['nodes'][number];

/** `NAME=ADDRESS[,ADDRESS]` of --node and --worker. */
export function parseNodeOption(text: string, role: NodeDocument['role']): NodeDocument {
  const [name = '', addresses = '', ...more] = text.split('=');
  if (name === '' || addresses === '' || more.length > 0)
    throw new CommandError('usage', `${text}: is not NAME=ADDRESS[,ADDRESS]`);
  return { name, addresses: addresses.split(','), role };
}

/**
 * A record from a kubeadm configuration and nodes. What the configuration does not know (uploaders, approvals, limits,
 * rules, nodes that are not named again) stays as it is in the record that is there.
 */
export function buildRecord(
  cluster: string,
  trustDomain: string,
  config: KubeadmConfig,
  nodes: readonly NodeDocument[],
  known: ClusterRecordDocument | undefined,
): Record<string, unknown> {
  const { node } = config;
  const fromConfig: NodeDocument[] =
    node && !nodes.some(({ name }) => name === node.name)
      ? [{ name: node.name, addresses: [node.address], role: 'control-plane' }]
      : [];
  const named = [...fromConfig, ...nodes];
  const kept = (known?.nodes ?? []).filter(({ name }) => !named.some((n) => n.name === name));
  const { uploaders, approvalRequired, limits, allowedKeys, nodeRules } = known ?? {};
  const ours = { uploaders, approvalRequired, limits, allowedKeys, nodeRules };
  const set = Object.entries(ours).filter(([, value]) => value !== undefined);
  return {
    cluster,
    trustDomain,
    ...config.fields,
    nodes: [...kept, ...named.map((n) => ({ ...entryOf(known, n.name), ...n }))],
    ...Object.fromEntries(set),
  };
}

function entryOf(known: ClusterRecordDocument | undefined, name: string) {
  return known?.nodes.find((node) => node.name === name);
}

/**
 * @param heading what the file is not, before the fields that are wrong
 * @throws CommandError that names every field that is wrong
 */
export function checkRecord(
  value: unknown,
  heading: string,
  hint = 'docs/cluster-record.md describes every field',
): ClusterRecord {
  const { record, problems } = parseClusterRecord(value);
  if (record) return record;
  throw new CommandError(
    'usage',
    [`${heading}:`, ...problems.map((p) => `  ${p}`)].join('\n'),
    hint,
  );
}
