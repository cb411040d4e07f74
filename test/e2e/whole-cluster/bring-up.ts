/** Brings up the cluster by the steps of docs/first-installation.md, one node after the other. */
import { readFileSync } from 'node:fs';
import { until } from '../../support/until.ts';
import { caCertHashes } from '../control-plane/prepare-node.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from './cluster.ts';
import { type PreparedNode, prepare, prepareAgain } from './first-installation.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { CLUSTER, initConfiguration, joinConfiguration } from './plan.ts';

export const BRING_UP_CHECKS = [
  'prepare, with an approver, on the first control plane',
  'kubeadm init, as prepare says',
  'prepare and kubeadm join: second control plane',
  'prepare and kubeadm join: third control plane',
  'prepare and kubeadm join: worker',
  'prepare a second time changes nothing on any node',
];

/** Without it, kubeadm refuses cgroup v1. */
const UNUSUAL = ['--ignore-preflight-errors=SystemVerification'];
/** kube-proxy and CoreDNS use no certificate of kubeadm. */
const NO_ADDONS = ['--skip-phases=addon'];

export async function bringUp(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<void> {
  const { first, release } = cluster;
  const [, second, third] = cluster.controlPlanes;
  if (!second || !third) throw new Error('fewer than three control planes');
  const again: (() => string)[] = []; // results of the second run of prepare, on each node
  let prepared: PreparedNode | undefined;
  let pins: string[] = [];
  await check('prepare, with an approver, on the first control plane', async () => {
    const configFile = first.bring('first.yaml', initConfiguration(first, release));
    pins = await declare(service, cluster, configFile);
    prepared = await prepare(service, first, configFile, pins);
    again.push(await prepareAgain(first, prepared));
    return `approved: ${prepared.approvals.join(', ')}; next: ${prepared.next}`;
  });
  await check('kubeadm init, as prepare says', () =>
    timed(async () => {
      await first.shell([prepared?.next, ...NO_ADDONS, ...UNUSUAL].join(' '));
      await until('/readyz', () => cluster.kubectl(['get', '--raw', '/readyz']));
    }),
  );
  const join = (node: KubeadmNode, role: 'control-plane' | 'worker') => async () => {
    const hashes = pins.filter((word) => word.startsWith('sha256:'));
    const configFile = node.bring('join.yaml', joinConfiguration(node, release, role, hashes));
    const key = () => node.bring('sa.key', readFileSync(first.file('pki/sa.key')));
    const saKey = role === 'control-plane' ? ['--sa-key-from', key()] : [];
    const ready = await prepare(service, node, configFile, [...pins, ...saKey]);
    again.push(await prepareAgain(node, ready));
    return timed(() => node.shell([ready.next, ...UNUSUAL].join(' ')));
  };
  await check('prepare and kubeadm join: second control plane', join(second, 'control-plane'));
  await check('prepare and kubeadm join: third control plane', join(third, 'control-plane'));
  await check('prepare and kubeadm join: worker', join(cluster.worker, 'worker'));
  await check('prepare a second time changes nothing on any node', async () =>
    again.map((outcome) => outcome()).join(', '),
  );
}

/** The steps of the platform team. @returns options with the hashes of the CAs */
async function declare(
  service: CakelessService,
  { first, controlPlanes, worker }: WholeCluster,
  configFile: string,
): Promise<string[]> {
  await service.mustCakeless('administrator', ['trust-domain', 'create', CLUSTER]);
  const others = controlPlanes.filter((node) => node !== first);
  await service.mustCakeless('administrator', [
    ...['cluster', 'apply', CLUSTER, '--kubeadm-config', configFile, '--trust-domain', CLUSTER],
    ...others.flatMap(({ name, address }) => ['--node', `${name}=${address}`]),
    ...['--worker', `${worker.name}=${worker.address}`],
  ]);
  return caCertHashes(service, CLUSTER, first.machine.folder);
}

async function timed(body: () => Promise<unknown>): Promise<string> {
  const started = Date.now();
  await body();
  return `${Math.round((Date.now() - started) / 1000)} s`;
}
