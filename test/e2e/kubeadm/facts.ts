/**
 * What kubeadm does with the files that it is given: each fact of docs/kubeadm-facts.md, tested on a copy of a complete
 * and correct set of files in which one thing is changed.
 */
import { copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Forger } from '../control-plane/forger.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { certify, completeKubeconfigs, installTrust } from '../harness/certify.ts';
import { lastLines } from '../harness/program.ts';
import type { Report } from '../harness/report.ts';
import { configuration, NODE, SITUATIONS } from './configurations.ts';
import { readInstalled, readKubeconfigPair, withForeignKey } from './installed.ts';
import { KubeadmRoot } from './kubeadm-root.ts';

export const FACTS = 'facts';

type Try = (root: KubeadmRoot, forger: Forger) => Promise<string>;

const FACT_CHECKS: readonly (readonly [name: string, look: Try])[] = [
  ['generate-csr stops at an existing .key', stopsAt('pki/etcd/peer.key')],
  ['generate-csr stops at an existing .csr', stopsAt('pki/front-proxy-client.csr')],
  [
    'generate-csr stops at an existing .conf after it has created part of the set',
    stopsAt('scheduler.conf', 1),
  ],
  ['apiserver.crt is accepted with another key next to it', accepts(foreignKey)],
  ['etcd-server and etcd-peer are accepted when swapped', accepts(swappedEtcd)],
  ['apiserver.crt is accepted with the certificate of admin.conf', accepts(adminAsServer)],
  ['an expired leaf is "not signed by the corresponding CA"', expiredLeaf],
  ['kubeconfig user requires the CA key, also with --token', kubeconfigUser],
];

export const FACT_NAMES: readonly string[] = FACT_CHECKS.map(([name]) => name);

export async function runFacts(
  report: Report,
  service: CakelessService,
  folder: string,
  release: string,
): Promise<void> {
  const whole = await wholeSet(service, join(folder, `facts-${release}`), release);
  const forger = new Forger(service.dataDir, join(whole.folder, 'forged'));
  await report.row(FACTS, [release], FACT_NAMES, async (check) => {
    for (const [name, look] of FACT_CHECKS)
      await check(name, async () => {
        const copy = whole.copy(`${whole.folder}-copy`, release);
        try {
          return await look(copy, forger);
        } finally {
          copy.remove();
        }
      });
  });
  whole.remove();
}

async function wholeSet(
  service: CakelessService,
  folder: string,
  release: string,
): Promise<KubeadmRoot> {
  const [situation] = SITUATIONS;
  if (!situation) throw new Error('there is no situation');
  const root = new KubeadmRoot(folder, release, configuration(release, 'RSA-2048', situation));
  const place = { cluster: `facts-${release}`, trustDomain: 'matrix', node: NODE };
  await root.kubeadm('certs', 'generate-csr');
  const from = ['--kubeadm-config', root.configFile, '--trust-domain', place.trustDomain];
  await service.mustCakeless('administrator', ['cluster', 'apply', place.cluster, ...from]);
  await certify(service, place, root.kubernetesDir, 'first');
  await installTrust(service, place, root.file('pki'));
  completeKubeconfigs(root.kubernetesDir);
  return root;
}

/**
 * In a folder with only this file. kubeadm's order differs from run to run, except that kubeconfigs come last.
 * @param atLeast CSRs that are made before it stops
 */
function stopsAt(path: string, atLeast = 0): Try {
  return async (root) => {
    for (const file of root.files()) if (file !== path) root.removeFile(file);
    writeFileSync(root.file(path), 'existing\n');
    const words = await root.kubeadmRefuses('certs', 'generate-csr');
    if (root.read(path) !== 'existing\n') throw new Error(`${path} was changed`);
    const made = root.files().filter((file) => file.endsWith('.csr') && file !== path).length;
    if (made < atLeast) throw new Error(`${made} CSRs were made: ${words}`);
    return `${words}; ${made} CSRs were made`;
  };
}

/** Changes something: kubeadm must still accept the files, and not change them. */
function accepts(change: (root: KubeadmRoot) => void): Try {
  return async (root) => {
    const right = JSON.stringify(root.digests());
    change(root);
    const before = JSON.stringify(root.digests());
    if (before === right) throw new Error('nothing was changed');
    await root.kubeadm('init', 'phase', 'certs', 'all');
    if (JSON.stringify(root.digests()) !== before) throw new Error('kubeadm changed files');
    return 'init phase certs all exits with 0, and changes no file';
  };
}

function foreignKey(root: KubeadmRoot): void {
  copyFileSync(root.file('pki/front-proxy-client.key'), root.file('pki/apiserver.key'));
  const foreign = withForeignKey(readInstalled(root.kubernetesDir));
  if (foreign.join() !== 'apiserver') throw new Error(`with another key: ${foreign.join()}`);
}

function swappedEtcd(root: KubeadmRoot): void {
  const [server, peer] = ['server', 'peer'].map((name) => root.file(`pki/etcd/${name}.crt`));
  if (server === undefined || peer === undefined) throw new Error('no etcd');
  renameSync(server, `${server}.aside`);
  renameSync(peer, server);
  renameSync(`${server}.aside`, peer);
}

function adminAsServer(root: KubeadmRoot): void {
  const { certificate } = readKubeconfigPair(root.file('admin.conf'));
  writeFileSync(root.file('pki/apiserver.crt'), certificate);
}

async function expiredLeaf(root: KubeadmRoot, forger: Forger): Promise<string> {
  const caFile = root.file('pki/ca.crt');
  const request = {
    subject: '/CN=kube-apiserver',
    keyFile: root.file('pki/apiserver.key'),
    extensions: ['extendedKeyUsage=serverAuth', `subjectAltName=DNS:${NODE}`],
  };
  const put = async (days: number) =>
    writeFileSync(root.file('pki/apiserver.crt'), await forger.make(caFile, { ...request, days }));
  await put(1);
  const fresh = await root.bare(...CERTS_ALL);
  await put(-1);
  const words = await root.kubeadmRefuses('init', 'phase', 'certs', 'all');
  // with a day left it is refused for its names at most: so the reason here is the date
  if (/not signed|expired/.test(lastLines(fresh))) throw new Error(lastLines(fresh));
  if (!/not signed by (the )?corresponding CA/.test(words)) throw new Error(words);
  return words;
}

const CERTS_ALL = ['init', 'phase', 'certs', 'all', '--config', '/config.yaml'];

async function kubeconfigUser(root: KubeadmRoot): Promise<string> {
  const user = ['kubeconfig', 'user', '--client-name', 'jane'];
  const words = [
    await root.kubeadmRefuses(...user, '--org', 'devs'),
    await root.kubeadmRefuses(...user, '--token', 'abc'),
  ];
  const other = words.find((said) => !/ca\.key|CA key|private key/i.test(said));
  if (other !== undefined) throw new Error(other);
  return words[1] ?? '';
}
