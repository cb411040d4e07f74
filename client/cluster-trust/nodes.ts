/** Node objects, what their kubelets serve, and whether those without AWS accept a certificate of the new CA. */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { ClusterReport } from '../../lib/contract/cluster-report.ts';
import { sha256Of } from '../node/disk/fingerprints.ts';
import { findPath } from '../node/trust/path.ts';
import { type ApiNode, isTrue } from './api-objects.ts';
import type { KubeletPort } from './kubelet-port.ts';
import type { Probing } from './kubelet-probes.ts';
import type { Lists } from './lists.ts';
import { readAnnotation } from './node-annotation.ts';

type ReportedNode = ClusterReport['nodes'][number];

/** Connections at the same time. */
const AT_ONCE = 20;

export interface NodesDeps {
  readonly kubelets: Pick<KubeletPort, 'look'>;
  /** The CA certificates that the files of this node have. */
  readonly ours: readonly X509Certificate[];
  /** undefined where nothing has to be proved. */
  readonly probing: Probing | undefined;
}

/** @param most nodes that are looked at; of the others, only how many there are is known */
export async function readNodes(
  lists: Lists,
  deps: NodesDeps,
  most: number,
): Promise<{ readonly nodes: ReportedNode[]; readonly left: number }> {
  const found: ApiNode[] = [];
  let left = 0;
  for await (const node of lists.each<ApiNode>('nodes', '/api/v1/nodes')) {
    if (found.length === most) left += 1;
    else found.push(reduced(node));
  }
  const nodes: ReportedNode[] = [];
  for (let i = 0; i < found.length; i += AT_ONCE)
    nodes.push(
      ...(await Promise.all(found.slice(i, i + AT_ONCE).map((one) => reportOf(one, deps)))),
    );
  return { nodes, left };
}

/** A Node lists its images, and may have annotations of a hundred kilobytes. */
const reduced = ({ metadata, status }: ApiNode): ApiNode => ({
  metadata: { name: metadata?.name ?? '', annotations: metadata?.annotations ?? {} },
  status: { conditions: status?.conditions ?? [], addresses: status?.addresses ?? [] },
});

async function reportOf(
  node: ApiNode,
  { kubelets, ours, probing }: NodesDeps,
): Promise<ReportedNode> {
  const address = node.status?.addresses?.find(
    (one) => one.type === 'InternalIP' && isIP(one.address ?? '') !== 0,
  )?.address;
  const served = address === undefined ? undefined : await kubelets.look(address);
  const anchor = served && findPath(served, ours)?.at(-1);
  const name = node.metadata?.name ?? '';
  const said = readAnnotation(node);
  const acceptsNew = await probing?.prove({ name, address, caFile: said.caFile });
  return {
    name,
    ready: isTrue(node.status?.conditions, 'Ready'),
    ...(anchor && { servedBy: sha256Of(anchor) }),
    ...(acceptsNew && { acceptsNew }),
    ...said,
  };
}
