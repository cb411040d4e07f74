/** kubeadm init and join as its documentation has them, without Cakeless: the CA keys are on every control plane. */
import { existsSync } from 'node:fs';
import { until } from '../../support/until.ts';
import { mustRun } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import { UNUSUAL } from '../whole-cluster/join-alone.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { initConfiguration, joinConfiguration, type Site } from '../whole-cluster/plan.ts';
import { keyFile } from './pki.ts';
import { CA_NAMES, isSmall, ORDINARY } from './plan.ts';

const INIT = 'kubeadm init --upload-certs, with its own CAs';
const JOINED = 'kubeadm join: two control planes, which get the CA keys, and a worker';
const READY = 'every node is Ready';

export const ordinaryChecks = (site: Site) => [INIT, ...(isSmall(site) ? [] : [JOINED]), READY];

export async function createOrdinary(check: Check, cluster: WholeCluster): Promise<void> {
  const { first, controlPlanes, release, site } = cluster;
  await check(INIT, async () => {
    const file = first.bring('init.yaml', initConfiguration(site, first, release, ORDINARY));
    // kube-proxy and CoreDNS use no certificate of kubeadm
    const options = ['--upload-certs', '--skip-phases=addon', ...UNUSUAL];
    await first.shell(`kubeadm init --config ${file} ${options.join(' ')}`);
    await until('/readyz', () => cluster.kubectl(['get', '--raw', '/readyz']));
    return keysOn(first);
  });
  if (!isSmall(site))
    await check(JOINED, async () => {
      for (const node of controlPlanes.slice(1)) await join(cluster, node, 'control-plane');
      await join(cluster, cluster.worker, 'worker');
      return controlPlanes.map(keysOn).join('; ');
    });
  await check(READY, () => until('ready nodes', () => readyAmong(cluster, ordinaryNodes(cluster))));
}

/** All but the one that joins at the end. */
export const ordinaryNodes = ({ nodes }: WholeCluster): readonly KubeadmNode[] => nodes;

export async function join(
  { site, release, first }: WholeCluster,
  node: KubeadmNode,
  role: 'control-plane' | 'worker',
): Promise<void> {
  const hashes = [await publicKeyHash(first.file('pki/ca.crt'))];
  const text = joinConfiguration(site, node, release, role, hashes, ORDINARY);
  const file = node.bring('join.yaml', text);
  await node.shell(`kubeadm join --config ${file} ${UNUSUAL.join(' ')}`);
}

/** With the command line of kubeadm's documentation. */
async function publicKeyHash(file: string): Promise<string> {
  const key = `openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform der`;
  const digest = await mustRun(['sh', '-c', `${key} | openssl dgst -sha256`, 'sh', file]);
  return `sha256:${digest.trim().split(' ').at(-1)}`;
}

function keysOn(node: KubeadmNode): string {
  const missing = CA_NAMES.filter((ca) => !existsSync(node.file(keyFile(ca))));
  if (missing.length > 0) throw new Error(`${node.name} has no key of ${missing.join(', ')}`);
  return `${node.name} has ${CA_NAMES.length} CA keys`;
}

export async function readyAmong(
  cluster: WholeCluster,
  nodes: readonly KubeadmNode[],
): Promise<string> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'nodes', '-o', 'json']));
  const isReady = (name: string) =>
    items
      .find(({ metadata }: { metadata: { name: string } }) => metadata.name === name)
      ?.status.conditions.some(
        ({ type, status }: { type: string; status: string }) =>
          type === 'Ready' && status === 'True',
      );
  const missing = nodes.filter(({ name }) => !isReady(name));
  if (missing.length > 0) throw new Error(missing.map(({ name }) => name).join(', '));
  return nodes.map(({ name }) => name).join(', ');
}
