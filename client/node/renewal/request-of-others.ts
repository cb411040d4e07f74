/**
 * Requests that were kept under another cluster or node: after a typo, or after the node got another name. This node's
 * credentials may not send them, so they are left alone; they go when their certificates are installed, or with
 * `--new-request`.
 */
import { CommandError } from '../../errors.ts';
import type { OpenRequest } from './request-journal.ts';

interface NodePlace {
  readonly cluster: string;
  readonly node: string;
}

export function byPlace(requests: readonly OpenRequest[], { cluster, node }: NodePlace) {
  const isOwn = (request: OpenRequest) => request.cluster === cluster && request.node === node;
  return {
    own: requests.filter(isOwn),
    others: requests.filter((request) => !isOwn(request)),
  };
}

export const describeOther = (other: OpenRequest, here: NodePlace): string =>
  `request ${other.request} is of ${other.cluster}/${other.node}, and this is ${here.cluster}/${here.node}`;

/** @throws CommandError where another place's keys and CSRs lie under this id */
export function refuseOthersId(id: string, others: readonly OpenRequest[], here: NodePlace): void {
  const other = others.find(({ request }) => request === id);
  if (!other) return;
  throw new CommandError(
    'usage',
    `${describeOther(other, here)}; nothing was asked`,
    'leave --request out, or choose another id; --new-request forgets that request',
  );
}
