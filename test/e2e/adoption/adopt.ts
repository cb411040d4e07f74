/** Steps 1 to 5 of docs/existing-cluster.md up to the cluster record: nothing changes on a node. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { changeRecord } from '../certificates-api/cluster-record.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check } from '../harness/report.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { CSR_SIGNING } from '../whole-cluster/plan.ts';
import { withLoopback } from './loopback.ts';
import { ordinaryNodes } from './ordinary-cluster.ts';
import { contentsOf, requireSame } from './pki.ts';
import { CA_NAMES, type CaOfKubeadm, isSmall } from './plan.ts';

const INSPECTED = 'inspect-pki on every control plane: adoptable, with the same hashes';
const ADOPTED = 'trust-domain adopt, in one process on the first control plane, as an importer';
const AGAIN = 'the same adoption again changes nothing';
const KUBELET_CA = 'trust-domain create --ca kubelet-ca adds the CA that kubeadm does not have';
const SAME = 'trust-domain show has the hashes that inspect-pki printed';
const RECORD = 'cluster apply takes the kubeadm-config of the cluster';
const UNTOUCHED = 'no file on any node has changed';

export const ADOPT_CHECKS = [INSPECTED, ADOPTED, AGAIN, KUBELET_CA, SAME, RECORD, UNTOUCHED];

interface Inspected {
  readonly adoptable: boolean;
  readonly cas: readonly {
    readonly ca: CaOfKubeadm;
    readonly certificate: { readonly sha256: string; readonly caCertHash: string };
  }[];
  readonly controllerManager: { readonly signs: boolean };
}

/** @returns the hash of `kubelet-ca`, as an option of `renew` */
export async function adopt(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<string> {
  const { first, controlPlanes } = cluster;
  const name = cluster.site.cluster;
  const before = ordinaryNodes(cluster).map(contentsOf);
  let hashes: string[] = [];
  let kubeletCa = '';
  await check(INSPECTED, async () => {
    const all: Inspected[] = [];
    for (const node of controlPlanes) all.push(await inspect(service, node));
    const [one = '', ...others] = all.map(({ cas }) => JSON.stringify(cas.map(factsOf)));
    if (others.some((other) => other !== one)) throw new Error([one, ...others].join('\n'));
    hashes = (all[0]?.cas ?? []).map(({ certificate }) => certificate.caCertHash);
    return hashes.join(' ');
  });
  const adoption = ['trust-domain', 'adopt', name, '-o', 'json'];
  const { AWS_ENDPOINT_URL: url = '' } = service.environmentOutside('importer');
  const asImporter = (more: string[] = []) =>
    withLoopback(first.machine, url, (machine) =>
      service.mustCakelessOn(machine, 'importer', [...adoption, ...more]),
    );
  let summary = '';
  await check(ADOPTED, async () => {
    await asImporter(['--dry-run']);
    summary = await asImporter();
    return casIn(summary);
  });
  await check(AGAIN, async () => {
    const second = await asImporter();
    if (casIn(second) !== casIn(summary)) throw new Error(second);
    return casIn(second);
  });
  await check(KUBELET_CA, async () => {
    const create = ['trust-domain', 'create', name, '--ca', 'kubelet-ca', '-o', 'json'];
    const { added } = JSON.parse(await service.mustCakeless('administrator', create));
    if (String(added) !== 'kubelet-ca') throw new Error(`added: ${added}`);
    return String(added);
  });
  await check(SAME, async () => {
    const show = ['trust-domain', 'show', name, '-o', 'json'];
    const { caCertHashes }: { caCertHashes: string[] } = JSON.parse(
      await service.mustCakeless('administrator', show),
    );
    const missing = hashes.filter((hash) => !caCertHashes.includes(hash));
    if (missing.length > 0) throw new Error(`${caCertHashes} instead of ${hashes}`);
    kubeletCa = caCertHashes.find((hash) => hash.startsWith('kubelet-ca=')) ?? '';
    return caCertHashes.join(' ');
  });
  await check(RECORD, () => declare(cluster, service));
  await check(UNTOUCHED, async () => {
    for (const [i, node] of ordinaryNodes(cluster).entries())
      requireSame(node.name, before[i] ?? new Map(), contentsOf(node));
    return `${ordinaryNodes(cluster).length} nodes`;
  });
  for (const node of cluster.nodes) nameNode(service, node);
  return kubeletCa;
}

/** No credentials, and no service: it has to do without both. */
async function inspect(service: CakelessService, node: KubeadmNode): Promise<Inspected> {
  const command = ['trust-domain', 'inspect-pki', '-o', 'json'];
  const seen: Inspected = JSON.parse(
    await service.mustCakelessOn(node.machine, 'importer', command),
  );
  const names = seen.cas.map(({ ca }) => ca);
  if (!seen.adoptable || names.join() !== CA_NAMES.join()) throw new Error(JSON.stringify(seen));
  if (!seen.controllerManager.signs)
    throw new Error(`${node.name}: ${JSON.stringify(seen.controllerManager)}`);
  return seen;
}

const factsOf = ({ ca, certificate }: Inspected['cas'][number]) => [
  ca,
  certificate.sha256,
  certificate.caCertHash,
];

function casIn(output: string): string {
  const { cas }: { cas: Record<string, { sha256: string; origin?: string }> } = JSON.parse(output);
  const wrong = Object.values(cas).filter(({ origin }) => origin !== 'adopted');
  if (wrong.length > 0 || Object.keys(cas).length !== CA_NAMES.length) throw new Error(output);
  return Object.entries(cas)
    .map(([ca, { sha256 }]) => `${ca} ${sha256}`)
    .join(', ');
}

/** From the ConfigMap, as a platform team does without the file of the time of `kubeadm init`. */
async function declare(cluster: WholeCluster, service: CakelessService): Promise<string> {
  const { first, controlPlanes, site } = cluster;
  const name = site.cluster;
  const get = ['-n', 'kube-system', 'get', 'configmap', 'kubeadm-config', '-o', 'yaml'];
  const file = join(first.machine.folder, 'kubeadm-config.yaml');
  writeFileSync(file, await cluster.kubectl(get));
  await service.mustCakeless('administrator', [
    ...['cluster', 'apply', name, '--kubeadm-config', file, '--trust-domain', name],
    ...controlPlanes.flatMap(({ name, address }) => ['--node', `${name}=${address}`]),
    ...(isSmall(site) ? [] : ['--worker', `${cluster.worker.name}=${cluster.worker.address}`]),
  ]);
  await changeRecord(service, name, first.machine.folder, (record) => ({
    ...record,
    csrSigning: CSR_SIGNING,
  }));
  return ordinaryNodes(cluster)
    .map(({ name }) => name)
    .join(', ');
}

function nameNode(service: CakelessService, node: KubeadmNode): void {
  const { CAKELESS_EXCHANGE_BUCKET: bucket, AWS_REGION: region } = service.environment('importer');
  const names = { cluster: node.cluster, node: node.name, exchangeBucket: bucket, region };
  const lines = Object.entries(names).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(node.file('cakeless.yaml'), lines.join(''), { mode: 0o600 });
}
