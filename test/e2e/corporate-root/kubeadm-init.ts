/** `kubeadm init` and `kubeadm join` with real kubelets, in a cluster whose CAs are below a corporate root. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { CorporatePki } from '../../support/corporate-pki.ts';
import { until } from '../../support/until.ts';
import { changeRecord } from '../certificates-api/cluster-record.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import type { Check, Report } from '../harness/report.ts';
import { WholeCluster } from '../whole-cluster/cluster.ts';
import { prepare } from '../whole-cluster/first-installation.ts';
import { UNUSUAL } from '../whole-cluster/join-alone.ts';
import {
  type ClusterOptions,
  CSR_SIGNING,
  initConfiguration,
  joinConfiguration,
  siteOf,
} from '../whole-cluster/plan.ts';
import { type Trust, tryClients } from './clients.ts';
import { CHAIN_FILE, createCas, IMPORT_CHECKS } from './import-cas.ts';

export const CORPORATE_INIT = 'corporate root, kubeadm init';

export const CORPORATE_SITE = siteOf('company', 7, { controlPlanes: 1, workers: 1 });

const MACHINES = 'machines, each with containerd and a kubelet that waits for kubeadm';
const PREPARED = 'prepare, with the hashes that trust-domain show prints';
const INIT = 'kubeadm init, as prepare says';
const CLIENTS: Readonly<Record<Trust, string>> = {
  'ca.crt': 'kubectl, curl, Java with ca.crt alone: connect; Node.js, Python up to 3.12: refuse',
  'ca-chain.crt': 'all of them with kube-root-ca.crt: connect',
  root: 'all of them with the root alone: connect',
};
const EXPIRY = 'kubeadm certs check-expiration: externally managed, and no error';
const JOINED =
  'a worker joins by kubeadm join alone, with the hash of ca: its kubelet is Ready, below the root';

const CHECKS = [
  ...IMPORT_CHECKS,
  MACHINES,
  PREPARED,
  INIT,
  EXPIRY,
  ...Object.values(CLIENTS),
  JOINED,
];

const OPTIONS: ClusterOptions = { verifiesKubelets: true, rootCaFile: CHAIN_FILE };

export async function runCorporateInit(
  report: Report,
  service: CakelessService,
  folder: string,
  release: string,
): Promise<void> {
  const where = join(folder, 'corporate-init');
  mkdirSync(where);
  const pki = new CorporatePki(join(where, 'corporate'));
  let cluster: WholeCluster | undefined;
  try {
    await report.row(CORPORATE_INIT, [release], CHECKS, async (check) => {
      const step: Check = (name, body) => {
        report.say(`${CORPORATE_INIT} ${release}: ${name} ...`);
        return check(name, body);
      };
      await createCas(step, service, CORPORATE_SITE.cluster, pki, where);
      await step(MACHINES, async () => {
        cluster = await WholeCluster.make(service, release, where, CORPORATE_SITE);
        return cluster.everyNode.map(({ name, address }) => `${name} ${address}`).join(', ');
      });
      if (!cluster) return;
      const hashes = await initialize(step, cluster, service);
      await connect(step, cluster, pki, where);
      await joinWorker(step, cluster, hashes);
    });
  } finally {
    for (const line of cluster?.complaints() ?? []) report.say(`last error of a kubelet: ${line}`);
    await cluster?.end();
    rmSync(where, { recursive: true, force: true });
  }
}

/** @returns the hashes of the CAs, as `trust-domain show` prints them */
async function initialize(
  check: Check,
  cluster: WholeCluster,
  service: CakelessService,
): Promise<string[]> {
  const { first, site, release, worker } = cluster;
  const configFile = first.bring('first.yaml', initConfiguration(site, first, release, OPTIONS));
  let [next, hashes]: [string, string[]] = ['', []];
  await check(PREPARED, async () => {
    await service.mustCakeless('administrator', [
      ...['cluster', 'apply', site.cluster, '--kubeadm-config', configFile],
      ...['--trust-domain', site.cluster, '--worker', `${worker.name}=${worker.address}`],
    ]);
    await changeRecord(service, site.cluster, first.machine.folder, (record) => ({
      ...record,
      csrSigning: CSR_SIGNING,
    }));
    const show = ['trust-domain', 'show', site.cluster, '-o', 'json'];
    hashes = JSON.parse(await service.mustCakeless('administrator', show)).caCertHashes;
    const pins = hashes.flatMap((hash) => ['--ca-cert-hash', hash]);
    const prepared = await prepare(service, first, configFile, [...pins, '--csrsigning']);
    next = prepared.next;
    return hashes.join(' ');
  });
  await check(INIT, async () => {
    // kube-proxy and CoreDNS use no certificate of kubeadm
    await first.shell([next, '--skip-phases=addon', ...UNUSUAL].join(' '));
    await until('/readyz', () => cluster.kubectl(['get', '--raw', '/readyz']));
    const input = await first.cakeless(['csrsigning', '--rbac']);
    await cluster.kubectl(['apply', '-f', '-'], { input });
    first.startForwarder();
    return until('the forwarder', () => first.forwarderReady());
  });
  await check(EXPIRY, async () => {
    const listed = await first.shell('kubeadm certs check-expiration');
    const rows = listed.split('\n').filter((line) => / yes\s*$| yes /.test(line));
    if (rows.length < 10 || /invalid|missing/i.test(listed)) throw new Error(listed);
    return `${rows.length} rows externally managed`;
  });
  return hashes;
}

const connect = (check: Check, cluster: WholeCluster, pki: CorporatePki, folder: string) =>
  tryClients(check, {
    checks: CLIENTS,
    release: cluster.release,
    server: () => cluster.anonymous().server,
    caFile: cluster.first.file('pki/ca.crt'),
    rootFile: pki.certificateFile('root'),
    folder,
    readPublished: () => until('kube-root-ca.crt', () => publishedIn(cluster)),
    kubectl: (args) => cluster.kubectl(args),
  });

/** @throws Error unless pods get the file of the chain */
async function publishedIn(cluster: WholeCluster): Promise<string> {
  const published = await cluster.kubectl([
    ...['-n', 'default', 'get', 'configmap', 'kube-root-ca.crt'],
    ...['-o', 'jsonpath={.data.ca\\.crt}'],
  ]);
  const chain = readFileSync(cluster.first.file('pki/ca-chain.crt'), 'utf8');
  if (published.trim() !== chain.trim()) throw new Error(published);
  return published;
}

async function joinWorker(
  check: Check,
  cluster: WholeCluster,
  hashes: readonly string[],
): Promise<void> {
  const { worker, site, release } = cluster;
  await check(JOINED, async () => {
    const ofCa = hashes.filter((hash) => hash.startsWith('sha256:'));
    const text = joinConfiguration(site, worker, release, 'worker', ofCa, OPTIONS);
    const file = worker.bring('join.yaml', text);
    await worker.shell(`kubeadm join --config ${file} ${UNUSUAL.join(' ')}`, {
      timeoutMs: 300_000,
    });
    const ready = await until('a ready worker', async () => {
      const condition = '{.status.conditions[?(@.type=="Ready")].status}';
      const get = ['get', 'node', worker.name, '-o', `jsonpath=${condition}`];
      const status = await cluster.kubectl(get);
      return status === 'True' ? status : undefined;
    });
    const pem = await worker.shell('cat /var/lib/kubelet/pki/kubelet-client-current.pem');
    const count = certificatesIn(pem).length;
    if (count !== 3) throw new Error(`${count} certificates in the kubelet's file`);
    return `Ready: ${ready}; ${count} certificates: its own, the CA, and the one between`;
  });
}
