/** What is true of the cluster after its adoption, and what still works in it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { Api } from '../certificates-api/api.ts';
import { recordsBelow } from '../certificates-api/ledger.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import { certificateOn } from '../whole-cluster/certificates.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import { expirationsOn } from '../whole-cluster/expirations.ts';
import { recorded } from '../whole-cluster/join-alone.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { scrapeAll } from '../whole-cluster/kubelet-certificates.ts';
import type { Site } from '../whole-cluster/plan.ts';
import { askAgain } from './forwarder.ts';
import { join as joinCluster, readyAmong } from './ordinary-cluster.ts';
import { caFilesOf, keyFile, type OldPki, oldCa, requireSame } from './pki.ts';
import { CA_NAMES, isSmall, LEAVES, LIVE } from './plan.ts';

const SAME_CAS = 'every CA file on every node is byte for byte what it was';
const VERIFIED = 'OpenSSL verifies every certificate in place with the CA files of before';
const RECORDED = 'the ledger has a record of every certificate in place';
const EXTERNAL =
  'kubeadm certs check-expiration: externally managed; cakeless check-expiration: no problem';
const JOINED = 'kubeadm join with a bootstrap token, and nothing of Cakeless: a new worker';
const SCRAPED = 'every kubelet serves a certificate that kubelet-ca verifies';

export const afterwardsChecks = (site: Site) => [
  SAME_CAS,
  VERIFIED,
  RECORDED,
  EXTERNAL,
  ...(isSmall(site) ? [] : [JOINED]),
  SCRAPED,
];

export async function checkAfterwards(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  old: OldPki,
): Promise<void> {
  const { controlPlanes, site } = cluster;
  await check(SAME_CAS, async () => {
    requireSame('CA files', old.caFiles, caFilesOf(cluster));
    return `${old.caFiles.size} files`;
  });
  await check(VERIFIED, () => verifyAll(cluster, old));
  await check(RECORDED, () => allRecorded(cluster, service));
  await check(EXTERNAL, async () => {
    let rows = 0;
    for (const node of controlPlanes) rows += (await expirationsOn(node)).size;
    for (const node of cluster.nodes) await node.cakeless(['check-expiration']);
    return `${rows} rows`;
  });
  const api = new Api(cluster.endpoint());
  try {
    if (!isSmall(site)) await check(JOINED, () => joinWorker(cluster, service, api));
    await check(SCRAPED, async () => {
      const asked = await askAgain(cluster, service, api);
      return `${asked}; ${await until('served and verified', () => scrapeAll(cluster))}`;
    });
  } finally {
    api.close();
  }
}

/** The certificates of kubeadm on a node; a worker has one. */
async function leavesOn(node: KubeadmNode) {
  const files = node.files();
  const names = Object.keys(LEAVES).filter((name) => name in files);
  const leaves = [];
  for (const name of names)
    leaves.push({ name, ca: LEAVES[name] ?? 'ca', leaf: await certificateOn(node, name) });
  return leaves;
}

async function verifyAll(cluster: WholeCluster, old: OldPki): Promise<string> {
  let count = 0;
  for (const node of cluster.nodes)
    for (const { name, ca, leaf } of await leavesOn(node)) {
      const file = join(old.folder, 'leaf.crt');
      writeFileSync(file, leaf.toString());
      const verify = ['openssl', 'verify', '-x509_strict', '-CAfile', oldCa(old, ca), file];
      await mustRun(verify).catch((error: Error) => {
        throw new Error(`${node.name}: ${name}: ${error.message}`);
      });
      count += 1;
    }
  return `${count} certificates, strict`;
}

/** @throws Error with the names of certificates that are not the service's */
export async function allRecorded(
  cluster: WholeCluster,
  service: CakelessService,
): Promise<string> {
  const records = await recordsBelow(service, `${LIVE}/`);
  const issued = new Set(records.map(({ serial }) => serial.toLowerCase()));
  const without: string[] = [];
  let count = 0;
  for (const node of cluster.nodes)
    for (const { name, leaf } of await leavesOn(node)) {
      count += 1;
      if (!issued.has(leaf.serialNumber.toLowerCase())) without.push(`${node.name}: ${name}`);
    }
  if (without.length > 0) throw new Error(without.join(', '));
  return `${count} certificates, ${records.length} records`;
}

async function joinWorker(
  cluster: WholeCluster,
  service: CakelessService,
  api: Api,
): Promise<string> {
  const { joiner } = cluster;
  await service.mustCakeless('administrator', [
    ...['cluster', 'node', 'add', LIVE, joiner.name, joiner.address, '--role', 'worker'],
  ]);
  await joinCluster(cluster, joiner, 'worker');
  await until('a ready worker', () => readyAmong(cluster, [joiner]));
  return recorded(cluster, service, api);
}

/** Folders in which a node keeps what is its own. rootfs is that of containers. */
const SEARCHED =
  '--exclude-dir=rootfs /etc/kubernetes /run /var/log /var/lib/kubelet /var/lib/etcd';

/**
 * @param created how many files with names of CA keys there had been when the last one was removed
 * @throws Error with files that have the name of a CA key, or contain a line of one
 */
export async function noKey(cluster: WholeCluster, old: OldPki, created: number): Promise<string> {
  const patterns = [...old.keyLines.values()].map((line) => `-e '${line}'`).join(' ');
  for (const node of cluster.everyNode) {
    const left = CA_NAMES.filter((ca) => keyFile(ca) in node.files());
    if (left.length > 0) throw new Error(`${node.name}: ${left.join(', ')}`);
    const search = `grep -rlsF ${patterns} ${SEARCHED} '${node.machine.folder}' || true`;
    const found = (await node.shell(search)).trim();
    if (found !== '') throw new Error(`${node.name}: ${found}`);
  }
  const since = cluster.watch.caKeys() - created;
  if (since > 0) throw new Error(`${since} files with names of CA keys were created since`);
  return `${cluster.everyNode.length} nodes; none was created since`;
}
