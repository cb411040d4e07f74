/** Brings up the cluster by the steps of docs/first-installation.md, one node after the other. */
import { readFileSync } from 'node:fs';
import { until } from '../../support/until.ts';
import { changeRecord } from '../certificates-api/cluster-record.ts';
import { caCertHashes } from '../control-plane/prepare-node.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from './cluster.ts';
import { type PreparedNode, prepare, prepareAgain } from './first-installation.ts';
import { JOIN_CHECKS, joinAlone, UNUSUAL } from './join-alone.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { CLUSTER, CSR_SIGNING, initConfiguration, joinConfiguration } from './plan.ts';

export const BRING_UP_CHECKS = [
  'prepare, with an approver, on the first control plane',
  'kubeadm init, as prepare says',
  'cakeless csrsigning --rbac is applied, and the forwarder is ready',
  'prepare and kubeadm join: second control plane',
  'prepare and kubeadm join: third control plane',
  'prepare and kubeadm join: worker',
  ...JOIN_CHECKS,
  'prepare a second time changes nothing on any node',
];

/** Option of `prepare`: this control plane also gets the identity of a forwarder. */
const FORWARDS = '--csrsigning';
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
    const configFile = first.bring('first.yaml', initConfiguration(cluster.site, first, release));
    pins = await declare(service, cluster, configFile);
    prepared = await prepare(service, first, configFile, [...pins, FORWARDS]);
    again.push(await prepareAgain(first, prepared));
    return `approved: ${prepared.approvals.join(', ')}; next: ${prepared.next}`;
  });
  await check('kubeadm init, as prepare says', () =>
    timed(async () => {
      await first.shell([prepared?.next, ...NO_ADDONS, ...UNUSUAL].join(' '));
      await until('/readyz', () => cluster.kubectl(['get', '--raw', '/readyz']));
    }),
  );
  await check('cakeless csrsigning --rbac is applied, and the forwarder is ready', async () => {
    const input = await first.cakeless(['csrsigning', '--rbac']);
    await cluster.kubectl(['apply', '-f', '-'], { input });
    return startForwarder(first);
  });
  const join = (node: KubeadmNode, role: 'control-plane' | 'worker') => async () => {
    const hashes = pins.filter((word) => word.startsWith('sha256:'));
    const configFile = node.bring(
      'join.yaml',
      joinConfiguration(cluster.site, node, release, role, hashes),
    );
    const key = () => node.bring('sa.key', readFileSync(first.file('pki/sa.key')));
    const more = role === 'control-plane' ? ['--sa-key-from', key(), FORWARDS] : [];
    const ready = await prepare(service, node, configFile, [...pins, ...more]);
    again.push(await prepareAgain(node, ready));
    return timed(async () => {
      await node.shell([ready.next, ...UNUSUAL].join(' '));
      if (role === 'control-plane') await startForwarder(node);
    });
  };
  await check('prepare and kubeadm join: second control plane', join(second, 'control-plane'));
  await check('prepare and kubeadm join: third control plane', join(third, 'control-plane'));
  await check('prepare and kubeadm join: worker', join(cluster.worker, 'worker'));
  await joinAlone(check, cluster, service, pins);
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
  const { folder } = first.machine;
  await changeRecord(service, CLUSTER, folder, (record) => ({
    ...record,
    csrSigning: CSR_SIGNING,
  }));
  return caCertHashes(service, CLUSTER, folder);
}

async function startForwarder(node: KubeadmNode): Promise<string> {
  node.startForwarder();
  return until(`the forwarder of ${node.name}`, () => node.forwarderReady());
}

async function timed(body: () => Promise<unknown>): Promise<string> {
  const started = Date.now();
  await body();
  return `${Math.round((Date.now() - started) / 1000)} s`;
}
