/**
 * Requests that this machine created under another cluster or node name: because of a typo, or before the node was
 * renamed. This node's credentials cannot upload them, so they are not touched until their certificates are installed,
 * or until `--new-request`.
 */
import { CommandError } from '../../errors.ts';
import type { OpenRequest } from './request-journal.ts';

interface NodeIdentity {
  readonly cluster: string;
  readonly node: string;
}

export function separateByNode(requests: readonly OpenRequest[], { cluster, node }: NodeIdentity) {
  const isOwn = (request: OpenRequest) => request.cluster === cluster && request.node === node;
  return {
    own: requests.filter(isOwn),
    others: requests.filter((request) => !isOwn(request)),
  };
}

export const describeOtherNodes = (other: OpenRequest, self: NodeIdentity): string =>
  `request ${other.request} is for ${other.cluster}/${other.node}, but this node is ${self.cluster}/${self.node}`;

/** @throws CommandError if the keys and CSRs of another node have this request id */
export function refuseOtherNodesId(
  id: string,
  others: readonly OpenRequest[],
  self: NodeIdentity,
): void {
  const other = others.find(({ request }) => request === id);
  if (!other) return;
  throw new CommandError(
    'usage',
    `${describeOtherNodes(other, self)}; nothing was uploaded`,
    'omit --request, or choose another id; --new-request discards that request',
  );
}
