/**
 * Who this node is, for commands that request nothing: as options or cakeless.yaml say, otherwise as in its last renewal.
 * Commands that request certificates must be told each time, because the folder may have come from another node.
 */
import { lastRenewal } from '../node/report/last-renewal.ts';
import type { NodeSettings } from '../node/state/settings.ts';

export function recallSelf({
  cluster,
  node,
  stateDir,
}: Pick<NodeSettings, 'cluster' | 'node' | 'stateDir'>): Pick<NodeSettings, 'cluster' | 'node'> {
  const last = lastRenewal(stateDir);
  // a renewal as another node says nothing about the rest
  const isSame =
    last && (cluster ?? last.cluster) === last.cluster && (node ?? last.node) === last.node;
  return isSame ? { cluster: last.cluster, node: last.node } : { cluster, node };
}
