/** Step 5 of docs/existing-cluster.md: all certificates come from the service, one node after the other. */
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import { certificateOn } from '../whole-cluster/certificates.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import type { Site } from '../whole-cluster/plan.ts';
import { renewNode } from '../whole-cluster/renewals.ts';
import { contentsOf, requireSame } from './pki.ts';

const PREVIEW = 'renew apiserver --dry-run on the first control plane changes nothing';
const ONE = 'renew apiserver there: served at once, instead of the certificate of kubeadm';
const BACK = 'cakeless rollback brings the certificate of kubeadm back';
const all = (node: string) => `renew all on ${node}`;
const KUBELET_CA = 'pki/kubelet-ca.crt on every control plane, vouched for by its hash';

export const renewChecks = ({ controlPlanes, workers }: Site) => [
  PREVIEW,
  ONE,
  BACK,
  ...[...controlPlanes, ...workers.slice(0, 1)].map(({ name }) => all(name)),
  KUBELET_CA,
];

/** @param kubeletCa the hash of its public key */
export async function renewEverything(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  kubeletCa: string,
): Promise<void> {
  const { first, controlPlanes, nodes } = cluster;
  const before = contentsOf(first);
  await check(PREVIEW, async () => {
    const said = await first.cakeless(['renew', 'apiserver', '--dry-run', '-o', 'json']);
    requireSame('the dry run', before, contentsOf(first));
    const { certificates } = JSON.parse(said);
    if (certificates[0]?.outcome !== 'would-renew') throw new Error(said);
    return certificates[0].names.join(', ');
  });
  await check(ONE, async () => {
    const old = await certificateOn(first, 'pki/apiserver.crt');
    await first.cakeless(['renew', 'apiserver']);
    const now = await certificateOn(first, 'pki/apiserver.crt');
    if (now.serialNumber === old.serialNumber) throw new Error('it was not renewed');
    return `${old.serialNumber} became ${now.serialNumber}`;
  });
  await check(BACK, async () => {
    await first.cakeless(['rollback']);
    requireSame('the rollback', before, contentsOf(first));
    return `${before.size} files are as before`;
  });
  for (const node of nodes) await check(all(node.name), () => renewNode(service, node));
  await check(KUBELET_CA, async () => {
    for (const node of controlPlanes) await takeKubeletCa(node, kubeletCa);
    return kubeletCa;
  });
}

const takeKubeletCa = (node: KubeadmNode, hash: string) =>
  node.cakeless([
    ...['renew', 'apiserver-kubelet-client'],
    ...['--accept-ca-change', '--ca-cert-hash', hash],
  ]);
