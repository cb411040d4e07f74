/**
 * All certificates of all kubelets expire: short-lived ones, and no forwarder, because the clocks of real programs cannot be
 * moved. Then the cluster comes back as docs/node-guide.md says.
 */
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { until } from '../../support/until.ts';
import { changeRecord } from '../certificates-api/cluster-record.ts';
import { tokenKubeconfig } from '../certificates-api/make-csr.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from './cluster.ts';
import type { KubeadmNode } from './kubeadm-node.ts';
import { currentClient, scrapeAll } from './kubelet-certificates.ts';
import { CLUSTER, CSR_SIGNING, TOKEN } from './plan.ts';

const SHORT = 'every kubelet has client and serving certificates of ten minutes';
const EXPIRED = 'no forwarder runs, all of them expire, and no node is Ready';
const PLANES =
  'control planes: cakeless renew kubelet.conf, a restart of the kubelet, and the unit';
const WORKERS = 'workers: a new bootstrap kubeconfig, and a restart of the kubelet';
const BACK = 'every node is Ready, and every kubelet serves with a verified certificate';

export const OUTAGE_CHECKS = [SHORT, EXPIRED, PLANES, WORKERS, BACK];

const KUBELET_CONF = '/etc/kubernetes/kubelet.conf';
/** The longest that a certificate of ten minutes and the grace period of its Node can last. */
const EXPIRY_MS = 16 * 60_000;

export async function checkOutage(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<void> {
  const { controlPlanes, everyNode } = cluster;
  const signFor = (clusterSigningDuration?: string) =>
    changeRecord(service, CLUSTER, cluster.first.machine.folder, (record) => ({
      ...record,
      csrSigning: { ...CSR_SIGNING, ...(clusterSigningDuration && { clusterSigningDuration }) },
    }));
  await check(SHORT, async () => {
    await signFor('10m0s');
    for (const node of everyNode) await newCertificates(node);
    await until('short certificates', async () => {
      for (const node of everyNode) if ((await secondsOf(node)) > 900) throw new Error(node.name);
      return true;
    });
    // a kubelet refuses every handshake until its first serving certificate has arrived
    return until('serving certificates', () => scrapeAll(cluster));
  });
  await check(EXPIRED, async () => {
    for (const node of controlPlanes) await node.stopForwarder();
    await until('no node is Ready', () => noneReady(cluster), EXPIRY_MS);
    for (const node of everyNode)
      if ((await expiryOf(node)) > Date.now()) throw new Error(`${node.name} has not expired`);
    return 'none';
  });
  await signFor();
  await check(PLANES, async () => {
    const args = ['renew', 'kubelet.conf', '--cluster', CLUSTER];
    for (const node of controlPlanes) {
      await node.cakeless([...args, '--node', node.name], [0, BY_HAND]);
      await node.kubelet.restart();
      node.startForwarder();
    }
    return until('ready control planes', () => readyAmong(cluster, controlPlanes));
  });
  await check(WORKERS, async () => {
    const workers = everyNode.filter((node) => !controlPlanes.includes(node));
    for (const node of workers) await bootstrapAgain(cluster, node);
    return until('ready workers', () => readyAmong(cluster, workers));
  });
  await check(BACK, async () => {
    await until('every node', () => readyAmong(cluster, everyNode));
    return until('served with verified certificates', () => scrapeAll(cluster));
  });
}

/** Without systemd the kubelet has to be restarted by hand. */
const BY_HAND = 10;

/**
 * A kubelet replaces a client certificate in its kubeconfig at once, if it has none in its own folder. In this way all
 * kubelets get a new one now, and not when most of a year is over.
 */
async function newCertificates(node: KubeadmNode): Promise<void> {
  const pem = await currentClient(node);
  const file = node.file('kubelet.conf');
  const config = parse(await node.shell(`cat ${KUBELET_CONF}`));
  const data = Buffer.from(pem).toString('base64');
  config.users[0].user = { 'client-certificate-data': data, 'client-key-data': data };
  writeFileSync(file, stringify(config, { lineWidth: 0 }), { mode: 0o600 });
  await node.shell(
    'rm -f /var/lib/kubelet/pki/kubelet-client-* /var/lib/kubelet/pki/kubelet-server-*',
  );
  await node.kubelet.restart();
}

const leafOf = async (node: KubeadmNode) => new X509Certificate(await currentClient(node));
const expiryOf = async (node: KubeadmNode) => Date.parse((await leafOf(node)).validTo);

async function secondsOf(node: KubeadmNode): Promise<number> {
  const { validFrom, validTo } = await leafOf(node);
  return (Date.parse(validTo) - Date.parse(validFrom)) / 1000;
}

async function bootstrapAgain(cluster: WholeCluster, node: KubeadmNode): Promise<void> {
  const { server, ca } = cluster.anonymous();
  const text = tokenKubeconfig(server, ca, TOKEN);
  writeFileSync(node.file('bootstrap-kubelet.conf'), text, { mode: 0o600 });
  await node.kubelet.restart();
}

interface NodeObject {
  readonly metadata: { readonly name: string };
  readonly status: { readonly conditions: readonly { type: string; status: string }[] };
}

async function ready(cluster: WholeCluster): Promise<Map<string, boolean>> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'nodes', '-o', 'json']));
  return new Map(
    items.map(({ metadata, status }: NodeObject) => [
      metadata.name,
      status.conditions.some((c) => c.type === 'Ready' && c.status === 'True'),
    ]),
  );
}

async function noneReady(cluster: WholeCluster): Promise<true> {
  const still = [...(await ready(cluster))].filter(([, isReady]) => isReady);
  if (still.length > 0) throw new Error(`still Ready: ${still.map(([name]) => name).join(', ')}`);
  return true;
}

async function readyAmong(cluster: WholeCluster, nodes: readonly KubeadmNode[]): Promise<string> {
  const seen = await ready(cluster);
  const not = nodes.filter(({ name }) => !seen.get(name));
  if (not.length > 0) throw new Error(`not Ready: ${not.map(({ name }) => name).join(', ')}`);
  return nodes.map(({ name }) => name).join(', ');
}
