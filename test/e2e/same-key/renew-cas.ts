/** `cakeless trust-domain renew`, and its effect on nodes: old and new certificates of one CA are in use at the same time. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { readyAmong } from '../adoption/ordinary-cluster.ts';
import { caFile } from '../adoption/pki.ts';
import { CA_NAMES, type CaOfKubeadm, LEAVES } from '../adoption/plan.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import { kubernetesProgram } from '../harness/programs.ts';
import type { Check } from '../harness/report.ts';
import { certificateOn } from '../whole-cluster/certificates.ts';
import type { WholeCluster } from '../whole-cluster/cluster.ts';
import type { KubeadmNode } from '../whole-cluster/kubeadm-node.ts';
import { VALIDITY_DAYS } from './plan.ts';

const RENEWED = 'trust-domain renew: later dates, a positive serial number, the same key';
const ONE =
  'the first node accepts the renewed CAs with its next certificate, and nothing restarts';
const BOTH =
  'some nodes have the old certificates of the CAs, one has the new ones: all are healthy';
const VERIFIED = 'OpenSSL verifies old and new leaf certificates with old and new CA certificates';
const OTHERS = 'the other nodes accept them, one after the other, and nothing restarts';
const RESTARTED = 'etcd, API server, controller manager, scheduler and kubelet restart with them';

export const RENEW_CHECKS = [RENEWED, ONE, BOTH, VERIFIED, OTHERS];
export const RESTART_CHECKS = [RESTARTED];

export async function renewCas(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
  folder: string,
): Promise<void> {
  const { first, nodes } = cluster;
  const others = nodes.filter((node) => node !== first);
  const before = keep(first, join(folder, 'before'));
  await check(RENEWED, async () => {
    const said: string[] = [];
    for (const ca of CA_NAMES) said.push(await renewCa(service, cluster, ca));
    return said.join(', ');
  });
  await check(ONE, () => takeWithoutRestart(first, before));
  const after = keep(first, join(folder, 'after'));
  await check(BOTH, () => allWell(cluster));
  await check(VERIFIED, async () => {
    let count = 0;
    for (const node of nodes) count += await verifyLeaves(node, [before, after], folder);
    return `${count} verifications`;
  });
  await check(OTHERS, async () => {
    const said: string[] = [];
    for (const node of others) said.push(await takeWithoutRestart(node, before));
    return said.length === 0 ? 'no others' : said.join('; ');
  });
}

/** Not under traffic: an etcd leader that restarts may fail a write. */
export async function restartAll(check: Check, cluster: WholeCluster): Promise<void> {
  await check(RESTARTED, async () => {
    for (const node of cluster.controlPlanes) {
      const old = await programs(node);
      const others = [...old].filter(([name]) => name !== 'kubelet');
      await node.shell(`kill ${others.map(([, pid]) => pid).join(' ')}`);
      await until(`the programs of ${node.name}`, () => allNew(node, others));
      await until('/readyz', () => readyz(cluster, node, node));
      // a kubelet that starts without an API server is not ready for minutes
      await node.kubelet.restart();
      await until(`the kubelet of ${node.name}`, () => allNew(node, [...old]));
    }
    return allWell(cluster);
  });
}

/** @throws Error while a program still has its old process, or has no process */
async function allNew(node: KubeadmNode, old: readonly [string, string][]): Promise<true> {
  const now = await programs(node);
  const left = old.filter(([name, pid]) => (now.get(name) ?? pid) === pid);
  if (left.length > 0) throw new Error(left.join('; '));
  return true;
}

/** CA certificates in a folder of the test, by CA. */
type Kept = Readonly<Record<CaOfKubeadm, string>>;

function keep(node: KubeadmNode, folder: string): Kept {
  mkdirSync(folder);
  const entries = CA_NAMES.map((ca) => {
    const file = join(folder, `${ca}.crt`);
    writeFileSync(file, readFileSync(node.file(caFile(ca))));
    return [ca, file];
  });
  return Object.fromEntries(entries);
}

async function renewCa(
  service: CakelessService,
  { site }: WholeCluster,
  ca: CaOfKubeadm,
): Promise<string> {
  const command = ['trust-domain', 'renew', site.cluster, '--ca', ca, '-o', 'json'];
  const renew = (...more: string[]) =>
    service.mustCakeless('administrator', [...command, '--validity-days', VALIDITY_DAYS, ...more]);
  await renew('--dry-run');
  const { changed, before, after } = JSON.parse(await renew());
  if (!changed || !(after.notAfter > before.notAfter)) throw new Error(JSON.stringify(after));
  return `${ca} ${before.notAfter} became ${after.notAfter}`;
}

/** The API server reloads its serving certificate, so nothing restarts for it. */
const LEAF = 'front-proxy-client';

async function takeWithoutRestart(node: KubeadmNode, before: Kept): Promise<string> {
  const running = await programs(node);
  const name = 'pki/apiserver.crt' in node.files() ? LEAF : 'kubelet.conf';
  await node.cakeless(['renew', name, ...(name === LEAF ? [] : ['--no-restart'])], [0, 10]);
  const held = CA_NAMES.filter((ca) => caFile(ca) in node.files());
  const facts = held.map((ca) => {
    const [old, now] = [before[ca], node.file(caFile(ca))].map(
      (file) => new X509Certificate(readFileSync(file)),
    );
    if (!old || !now) throw new Error(`${node.name}: has no ${ca}`);
    if (now.fingerprint256 === old.fingerprint256)
      throw new Error(`${node.name}: still has the old ${ca}`);
    if (!now.publicKey.equals(old.publicKey))
      throw new Error(`${node.name}: ${ca}: has another key`);
    if (/^0+$/.test(now.serialNumber)) throw new Error(`${node.name}: ${ca}: serial number 0`);
    return ca;
  });
  const now = await programs(node);
  const restarted = [...running].filter(([program, pid]) => now.get(program) !== pid);
  if (restarted.length > 0) throw new Error(`${node.name}: restarted: ${restarted.join('; ')}`);
  return `${node.name}: ${facts.join(', ')}; ${running.size} programs run on`;
}

const PROGRAMS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
] as const;

/** Process ids, by program. */
async function programs(node: KubeadmNode): Promise<Map<string, string>> {
  const lines = (await node.shell('ps -eo pid=,args=')).trim().split('\n');
  const found = new Map<string, string>();
  for (const line of lines) {
    const [pid = '', program = ''] = line.trim().split(/\s+/);
    const name = PROGRAMS.find((one) => program === one || program.endsWith(`/${one}`));
    if (name !== undefined) found.set(name, pid);
  }
  return found;
}

/** Each node's admin.conf at each API server, every node Ready, and every member of etcd healthy. */
async function allWell(cluster: WholeCluster): Promise<string> {
  const { controlPlanes, nodes } = cluster;
  let calls = 0;
  for (const from of controlPlanes)
    for (const to of controlPlanes) {
      await readyz(cluster, from, to);
      calls += 1;
    }
  const ready = await until('ready nodes', () => readyAmong(cluster, nodes));
  return `${calls} ways from a control plane to an API server; ready: ${ready}`;
}

/** /readyz asks the API server's own etcd, too. */
function readyz({ release }: WholeCluster, from: KubeadmNode, to: KubeadmNode): Promise<string> {
  const kubectl = kubernetesProgram(release, 'kubectl');
  const server = `--server=https://${to.address}:6443`;
  return from.shell(
    `${kubectl} --kubeconfig=/etc/kubernetes/admin.conf ${server} --request-timeout=20s get --raw /readyz`,
  );
}

/** @returns how many verifications there were */
async function verifyLeaves(
  node: KubeadmNode,
  cas: readonly Kept[],
  folder: string,
): Promise<number> {
  const leaves = Object.entries(LEAVES).filter(([name]) => name in node.files());
  const file = join(folder, 'leaf.crt');
  for (const [name, ca] of leaves) {
    writeFileSync(file, (await certificateOn(node, name)).toString());
    for (const kept of cas)
      await mustRun(['openssl', 'verify', '-CAfile', kept[ca], file]).catch((error: Error) => {
        throw new Error(`${node.name}: ${name}: ${error.message}`);
      });
  }
  return leaves.length * cas.length;
}
