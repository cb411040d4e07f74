/** `cakeless renew all` on every node of the cluster, through static pods of real kubelets, while a client writes. */
import type { RenewReport } from '../../../client/node/renewal/report.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import { Traffic } from '../traffic/traffic.ts';
import { logsAndExec } from './check-nodes.ts';
import type { WholeCluster } from './cluster.ts';
import { expirationsOn } from './expirations.ts';
import { checkClients, checkServed, takeCertificates } from './in-use.ts';
import type { KubeadmNode } from './kubeadm-node.ts';

const ORDER = ['first', 'second', 'third'];
const renewAllOn = (which: string) => `cakeless renew all: ${which}`;

const TRAFFIC = 'a writer and a watcher lose nothing in the meantime, except during etcd elections';

export const RENEWAL_CHECKS = [
  ...ORDER.map((which) => renewAllOn(`${which} control plane`)),
  renewAllOn('worker'),
  TRAFFIC,
  'new certificates are served by API servers and etcd',
  'controllers and kubelets use new certificates',
  'check-expiration: later dates, on every control plane',
  'kubectl logs and exec with the new apiserver-kubelet-client',
];

const DONE = 0;
const PENDING = 4;
/** Without systemd the kubelet has to be restarted by hand. This code takes precedence over PENDING. */
const BY_HAND = 10;

export async function renewAll(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<void> {
  const before = await Promise.all(cluster.nodes.map(takeCertificates));
  const dates = await Promise.all(cluster.controlPlanes.map(expirationsOn));
  const traffic = new Traffic(cluster.endpoint());
  await traffic.start();
  for (const [i, node] of cluster.controlPlanes.entries())
    await check(renewAllOn(`${ORDER[i]} control plane`), () => renewNode(service, node));
  await check(renewAllOn('worker'), () => renewNode(service, cluster.worker));
  await check(TRAFFIC, () => traffic.stopWithoutLoss(cluster.controlPlanes.length));
  await check('new certificates are served by API servers and etcd', () =>
    checkServed(cluster, before),
  );
  await check('controllers and kubelets use new certificates', () => checkClients(cluster, before));
  await check('check-expiration: later dates, on every control plane', async () => {
    for (const [i, node] of cluster.controlPlanes.entries()) {
      const later = await expirationsOn(node);
      const old = [...(dates[i] ?? [])].filter(([name, date]) => !((later.get(name) ?? '') > date));
      if (old.length > 0) throw new Error(`${node.name}: ${old.join(', ')}`);
    }
    return `${dates.reduce((sum, rows) => sum + rows.size, 0)} rows`;
  });
  await check('kubectl logs and exec with the new apiserver-kubelet-client', () =>
    logsAndExec(cluster),
  );
}

/**
 * Renews `all`, then kubelet.conf by name if it was left to the kubelet, which has rotated it since, and restarts by hand
 * what the command reports as such.
 */
export async function renewNode(service: CakelessService, node: KubeadmNode): Promise<string> {
  const started = Date.now();
  const all = await renew(service, node, 'all');
  const left = !all.certificates.some(
    ({ name, outcome }) => name === 'kubelet.conf' && outcome === 'renewed',
  );
  const reports = left ? [all, await renew(service, node, 'kubelet.conf')] : [all];
  const seconds = Math.round((Date.now() - started) / 1000);
  const restarts = reports.flatMap((report) => report.restarts);
  const byHand = restarts.filter(({ state }) => state === 'by-hand').map((r) => r.component);
  if (byHand.join() !== 'kubelet') throw new Error(`by hand: ${byHand.join()}`);
  await node.kubelet.restart();
  const restarted = restarts.filter(({ state }) => state === 'restarted').map((r) => r.component);
  const renewed = reports.flatMap(({ certificates }) =>
    certificates.filter(({ outcome }) => outcome === 'renewed'),
  );
  const by = left ? ', kubelet.conf by name' : '';
  return `${renewed.length} in ${seconds} s${by}; restarted: ${restarted.join(', ') || 'none'}; by hand: kubelet`;
}

/** Runs a second time if a request needs approval, as super-admin.conf does. @returns the results of both runs */
async function renew(
  service: CakelessService,
  node: KubeadmNode,
  name: string,
): Promise<Pick<RenewReport, 'certificates' | 'restarts'>> {
  const args = ['renew', name, '--cluster', node.cluster, '--node', node.name, '-o', 'json'];
  const first: RenewReport = JSON.parse(await node.cakeless(args, [DONE, PENDING, BY_HAND]));
  const waiting = first.certificates.filter(({ outcome }) => outcome === 'pending');
  const left = first.certificates.filter(({ outcome }) => outcome !== 'pending');
  for (const { name: path, request } of waiting)
    await service.approve(`${node.cluster}/${node.name}/${request}/${path}.csr`, 'renewal');
  if (waiting.length === 0) return first;
  const names = waiting.map(({ name: path }) => path);
  const rest = ['renew', ...names, ...args.slice(2), '--wait', '1m'];
  const second: RenewReport = JSON.parse(await node.cakeless(rest));
  return {
    certificates: [...left, ...second.certificates],
    restarts: [...first.restarts, ...second.restarts],
  };
}
