/** What a record allows a kubelet, and no kubelet may have: an error before the record is written. */
import { toName } from '../../lib/cluster/expected-names.ts';
import { findNode } from '../../lib/cluster/find-node.ts';
import type { ClusterNode, ClusterRecord, NodeRule } from '../../lib/cluster/record.ts';
import { formatAddressRange } from '../../lib/ip-address.ts';
import { ownerInCluster, whyNever, whyNeverRange } from '../../lib/policy/forbidden-names.ts';
import { CommandError } from '../errors.ts';

/** @throws CommandError that names every such name, and why */
export function checkKubeletNames(record: ClusterRecord): void {
  const problems = [
    ...record.nodes.flatMap((node) => ofNode(node, record)),
    ...record.nodeRules.flatMap((rule, i) => ofRule(rule, `nodeRules[${i}].kubelet`, record)),
  ];
  if (problems.length === 0) return;
  throw new CommandError(
    'usage',
    [`cluster ${record.cluster}: these names cannot be those of a kubelet:`, ...problems],
    'remove them: with such a name, a node could act as another server',
  );
}

function ofNode({ name, kubelet }: ClusterNode, record: ClusterRecord): string[] {
  const node = findNode(record, name);
  if (!node) return [];
  return kubelet.certSANs.flatMap((value) => {
    const why = whyNever(toName(value)) ?? ownerInCluster(value, node, record);
    return why === undefined ? [] : [`nodes[${name}].kubelet.certSANs: ${value} (${why})`];
  });
}

/** A pattern can match names that no kubelet may have; it must not match only such names. */
function ofRule({ kubelet }: NodeRule, path: string, record: ClusterRecord): string[] {
  const names = kubelet.certSANs.flatMap((pattern) => {
    const why = whyNever(toName(pattern.replace('*', 'x')));
    return why === undefined ? [] : [`${path}.certSANs: ${pattern} (${why})`];
  });
  const ranges = kubelet.addressRanges.flatMap((range) => {
    const why = whyNeverRange(range, record);
    return why === undefined
      ? []
      : [`${path}.addressRanges: ${formatAddressRange(range)} (${why})`];
  });
  return [...names, ...ranges];
}
