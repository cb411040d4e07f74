/**
 * Who this node is, for commands that request nothing: as options or cakeless.yaml say, otherwise as in its last renewal.
 * Commands that request certificates must be told each time, because the folder may have come from another node.
 */
import { placeOf } from '../node/disk/places.ts';
import { readPlace } from '../node/disk/read-place.ts';
import { lastRenewal } from '../node/report/last-renewal.ts';
import type { NodeSettings } from '../node/state/settings.ts';

export function recallSelf({
  cluster,
  node,
  stateDir,
  folders,
}: Pick<NodeSettings, 'cluster' | 'node' | 'stateDir' | 'folders'>): Pick<
  NodeSettings,
  'cluster' | 'node'
> {
  const last = lastRenewal(stateDir);
  // a renewal as another node says nothing about the rest
  const isSame =
    last &&
    (cluster ?? last.cluster) === last.cluster &&
    (node ?? last.node) === last.node &&
    (nodeOfKubelet(folders) ?? last.node) === last.node;
  return isSame ? { cluster: last.cluster, node: last.node } : { cluster, node };
}

/** A machine that was cloned and has joined since remembers the renewal of another node, but its kubelet is its own. */
function nodeOfKubelet(folders: NodeSettings['folders']): string | undefined {
  try {
    const place = readPlace(placeOf('kubelet.conf', folders));
    if (place.state !== 'present') return undefined;
    return /^CN=system:node:(.+)$/m.exec(place.leaf.subject)?.[1];
  } catch {
    return undefined; // not readable for this user
  }
}
