/** What the files of a CA hold on the nodes that have it. */
import { readFileSync } from 'node:fs';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { CA_FILES } from './refused.ts';

/** Workers have `ca` only. */
const holdersOf = ({ controlPlanes, nodes }: WholeCluster, ca: CaName): readonly KubeadmNode[] =>
  ca === 'ca' ? nodes : controlPlanes;

export const caFileOn = (node: KubeadmNode, ca: CaName): string =>
  readFileSync(node.file(CA_FILES[ca] ?? ''), 'utf8');

export const caFilesOf = (cluster: WholeCluster, ca: CaName): string[] =>
  holdersOf(cluster, ca).map((node) => caFileOn(node, ca));

/** @throws Error unless the file of each node has this many certificates */
export function requireCertificates(cluster: WholeCluster, ca: CaName, wanted: number): void {
  const wrong = holdersOf(cluster, ca).flatMap((node) => {
    const found = caFileOn(node, ca).match(/BEGIN CERTIFICATE/g)?.length ?? 0;
    return found === wanted ? [] : [`${node.name}: ${CA_FILES[ca]} has ${found} certificates`];
  });
  if (wrong.length > 0) throw new Error(`${wrong.join('; ')}; wanted ${wanted}`);
}
