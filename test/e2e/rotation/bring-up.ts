/** A cluster by docs/first-installation.md, each of whose control planes has a forwarder. */
import { readFileSync } from 'node:fs';
import { until } from '../../support/until.ts';
import { changeRecord } from '../certificates-api/cluster-record.ts';
import { caCertHashes } from '../control-plane/prepare-node.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import { prepare } from '../whole-cluster/first-installation.ts';
import { UNUSUAL } from '../whole-cluster/join-alone.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { initConfiguration, joinConfiguration } from '../whole-cluster/plan.ts';
import { KUBELET_CERTIFICATES, TURNING } from './plan.ts';

const INIT = 'prepare and kubeadm init on the first control plane, with a forwarder';
const JOINED = 'prepare and kubeadm join on every other node';

export const BRING_UP_CHECKS = [INIT, JOINED];

export async function bringUp(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<void> {
  const { first, site, release } = cluster;
  let pins: string[] = [];
  await check(INIT, async () => {
    const configFile = first.bring('first.yaml', initConfiguration(site, first, release));
    pins = await declare(service, cluster, configFile);
    const { next } = await prepare(service, first, configFile, [...pins, '--csrsigning']);
    // kube-proxy and CoreDNS use no certificate of kubeadm
    await first.shell([next, '--skip-phases=addon', ...UNUSUAL].join(' '));
    await until('/readyz', () => cluster.kubectl(['get', '--raw', '/readyz']));
    const input = await first.cakeless(['csrsigning', '--rbac']);
    await cluster.kubectl(['apply', '-f', '-'], { input });
    return startForwarder(first);
  });
  await check(JOINED, async () => {
    for (const node of cluster.nodes.slice(1)) await join(service, cluster, node, pins);
    return cluster.nodes.map(({ name }) => name).join(', ');
  });
}

/** The steps of the platform team. @returns options with the hashes of the CAs */
async function declare(
  service: CakelessService,
  cluster: WholeCluster,
  configFile: string,
): Promise<string[]> {
  const { first, controlPlanes, worker } = cluster;
  const { folder } = first.machine;
  await service.mustCakeless('administrator', ['trust-domain', 'create', TURNING]);
  await service.mustCakeless('administrator', [
    ...['cluster', 'apply', TURNING, '--kubeadm-config', configFile, '--trust-domain', TURNING],
    ...controlPlanes.slice(1).flatMap(({ name, address }) => ['--node', `${name}=${address}`]),
    ...['--worker', `${worker.name}=${worker.address}`],
  ]);
  await changeRecord(service, TURNING, folder, (record) => ({
    ...record,
    csrSigning: {
      kubeletClient: {},
      kubeletServing: {},
      clusterSigningDuration: KUBELET_CERTIFICATES,
    },
  }));
  return caCertHashes(service, TURNING, folder);
}

async function join(
  service: CakelessService,
  { first, site, release, controlPlanes }: WholeCluster,
  node: KubeadmNode,
  pins: readonly string[],
): Promise<void> {
  const role = controlPlanes.includes(node) ? 'control-plane' : 'worker';
  const hashes = pins.filter((word) => word.startsWith('sha256:'));
  const text = joinConfiguration(site, node, release, role, hashes);
  const saKey = () => node.bring('sa.key', readFileSync(first.file('pki/sa.key')));
  const more = role === 'control-plane' ? ['--sa-key-from', saKey(), '--csrsigning'] : [];
  const { next } = await prepare(service, node, node.bring('join.yaml', text), [...pins, ...more]);
  await node.shell([next, ...UNUSUAL].join(' '));
  if (role === 'control-plane') await startForwarder(node);
}

async function startForwarder(node: KubeadmNode): Promise<string> {
  node.startForwarder();
  return until(`the forwarder of ${node.name}`, () => node.forwarderReady());
}
