/** A control plane whose CAs are below a corporate root, as docs/corporate-root.md describes it. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatCaCertHash } from '../../../client/node/trust/ca-cert-hash.ts';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import { CorporatePki } from '../../support/corporate-pki.ts';
import { until } from '../../support/until.ts';
import { ControlPlane } from '../control-plane/cluster.ts';
import { NODES } from '../control-plane/network.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { lastLines, mustFail, mustRun, run } from '../harness/program.ts';
import type { Check, Report } from '../harness/report.ts';
import { readKubeconfigPair } from '../kubeadm/installed.ts';
import { type Trust, tryClients } from './clients.ts';
import { CHAIN_FILE, createCas, IMPORT_CHECKS } from './import-cas.ts';
import { RENEWAL_CHECKS, renewSubordinate } from './renew-ca.ts';

export const CORPORATE_ROOT = 'corporate root';

const NAME = 'corporate';

const PREPARED =
  'prepare: ca.crt is the CA alone, ca-chain.crt has all above it, leaves have what is between';
const EXPIRY = 'kubeadm certs check-expiration: externally managed, and no error';
const ETCD = 'etcd with certificates below the root';
const API_SERVER = 'kube-apiserver: /readyz with kubectl and ca.crt';
const USERS = 'whoami of admin.conf and kubelet.conf';
const PUBLISHED = 'kube-root-ca.crt in pods has the chain';
const CLIENTS: Readonly<Record<Trust, string>> = {
  'ca.crt': 'clients with ca.crt alone: Node.js and older Python refuse, the others connect',
  'ca-chain.crt': 'clients with kube-root-ca.crt: all connect',
  root: 'clients with the root alone: all connect',
};
const OTHER_CA =
  'a client certificate of another CA below the root: kube-apiserver and etcd refuse it';
const WRONG = 'with the root in --client-ca-file, the same certificate is cluster administrator';
const RENEWED =
  'renew with the hash of the root: a certificate with what is between, and the chain that was missing; CA files stay';

export const CORPORATE_ROOT_CHECKS = [
  ...IMPORT_CHECKS,
  PREPARED,
  EXPIRY,
  ETCD,
  API_SERVER,
  USERS,
  PUBLISHED,
  ...Object.values(CLIENTS),
  ...RENEWAL_CHECKS,
  OTHER_CA,
  RENEWED,
  WRONG,
];

export async function runCorporateRoot(
  report: Report,
  service: CakelessService,
  folder: string,
  release: string,
): Promise<void> {
  const where = join(folder, 'corporate-root');
  mkdirSync(where);
  const pki = new CorporatePki(join(where, 'corporate'));
  const plan = { release, kind: 'ECDSA-P256', caKeySpec: 'ECC_NIST_P256', name: NAME } as const;
  const plane = await ControlPlane.make(
    { ...plan, rootCaFile: CHAIN_FILE },
    join(where, 'nodes'),
    NODES.slice(0, 1),
  );
  try {
    await report.row(CORPORATE_ROOT, [release], CORPORATE_ROOT_CHECKS, async (check) => {
      const step: Check = (name, body) => {
        report.say(`${CORPORATE_ROOT} ${release}: ${name} ...`);
        return check(name, body);
      };
      await createCas(step, service, NAME, pki, where);
      await bringUp(step, service, plane, pki);
      await connect(step, plane, pki, where);
      const readPublished = () => publishedTo(plane);
      const renewal = { name: NAME, service, plane, pki, folder: where, readPublished };
      await renewSubordinate(step, renewal);
      await intrude(step, service, plane, pki);
    });
  } finally {
    await plane.stop();
    rmSync(where, { recursive: true });
  }
}

async function bringUp(
  check: Check,
  service: CakelessService,
  plane: ControlPlane,
  pki: CorporatePki,
): Promise<void> {
  await check(PREPARED, async () => {
    const shown = await service.mustCakeless('administrator', [
      ...['trust-domain', 'show', NAME, '-o', 'json'],
    ]);
    const { caCertHashes }: { caCertHashes: string[] } = JSON.parse(shown);
    await plane.prepareNodes(
      service,
      caCertHashes.flatMap((hash) => ['--ca-cert-hash', hash]),
    );
    return lookAtFiles(plane, pki);
  });
  await check(EXPIRY, async () => {
    const listed = await plane.first.root.kubeadm('certs', 'check-expiration');
    const rows = listed.split('\n').filter((line) => / yes\s*$| yes /.test(line));
    if (rows.length < 10 || /invalid|missing/i.test(listed)) throw new Error(listed);
    return `${rows.length} rows externally managed`;
  });
  await check(ETCD, () => plane.startEtcd());
  await check(API_SERVER, () => plane.startApiServers());
  await check(USERS, async () => {
    const seen: string[] = [];
    for (const kubeconfig of ['admin.conf', 'kubelet.conf']) {
      const whoami = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
      // through the load balancer, which has to see the API server first
      seen.push(await until(kubeconfig, () => plane.kubectl(kubeconfig, whoami)));
    }
    if (seen.join() !== `kubernetes-admin,system:node:${plane.first.name}`)
      throw new Error(seen.join());
    return seen.join(', ');
  });
  await check(PUBLISHED, async () => {
    plane.first.start('kube-controller-manager');
    const published = await until('kube-root-ca.crt', () => publishedTo(plane));
    if (published.trim() !== readFileSync(plane.first.file('pki/ca-chain.crt'), 'utf8').trim())
      throw new Error(published);
    return `${certificatesIn(published).length} certificates, the root last`;
  });
}

function lookAtFiles(plane: ControlPlane, pki: CorporatePki): string {
  const count = (path: string) => certificatesIn(plane.first.root.read(path)).length;
  const seen = {
    ca: count('pki/ca.crt'),
    chain: count('pki/ca-chain.crt'),
    etcdCa: count('pki/etcd/ca.crt'),
    etcdChain: count('pki/etcd/ca-chain.crt'),
    apiserver: count('pki/apiserver.crt'),
    etcdServer: count('pki/etcd/server.crt'),
    admin: certificatesIn(readKubeconfigPair(plane.first.file('admin.conf')).certificate).length,
  };
  const wanted = {
    ca: 1,
    chain: 3,
    etcdCa: 1,
    etcdChain: 3,
    apiserver: 3,
    etcdServer: 3,
    admin: 3,
  };
  if (JSON.stringify(seen) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(seen));
  const root = certificatesIn(plane.first.root.read('pki/ca-chain.crt')).at(-1) ?? '';
  if (!new X509Certificate(root).raw.equals(new X509Certificate(pki.certificate('root')).raw))
    throw new Error('the last certificate of the chain is not the root');
  return JSON.stringify(seen);
}

const publishedTo = (plane: ControlPlane) =>
  plane.kubectl('super-admin.conf', [
    ...['-n', 'default', 'get', 'configmap', 'kube-root-ca.crt'],
    ...['-o', 'jsonpath={.data.ca\\.crt}'],
  ]);

const connect = (check: Check, plane: ControlPlane, pki: CorporatePki, folder: string) =>
  tryClients(check, {
    checks: CLIENTS,
    release: plane.plan.release,
    server: () => `https://${plane.first.address}:6443`,
    caFile: plane.first.file('pki/ca.crt'),
    rootFile: pki.certificateFile('root'),
    folder,
    readPublished: () => publishedTo(plane),
    kubectl: (args) => plane.kubectl('super-admin.conf', args),
  });

async function intrude(
  check: Check,
  service: CakelessService,
  plane: ControlPlane,
  pki: CorporatePki,
): Promise<void> {
  const node = plane.first;
  // as another team of the company could have it: of a CA that has nothing to do with Kubernetes
  pki.makeCa('services', '/O=Example Corp/CN=Example Corp Services CA');
  const subject = '/O=system:masters/CN=someone';
  pki.makeLeaf('someone', { ca: 'services', subject, usages: 'clientAuth' });
  const [cert, key] = [join(node.folder, 'someone.crt'), join(node.folder, 'someone.key')];
  const presented = ['someone', 'services', 'issuing'].map((name) => pki.certificate(name));
  writeFileSync(cert, presented.join(''));
  writeFileSync(key, pki.privateKey('someone'));
  const curl = (ca: string, url: string) => [
    ...['curl', '--silent', '--show-error', '--max-time', '20', '--cacert', node.file(ca)],
    ...['--cert', cert, '--key', key, '--write-out', '\n%{http_code}', url],
  ];
  const secrets = curl('pki/ca.crt', `https://${node.address}:6443/api/v1/secrets`);
  await check(OTHER_CA, async () => {
    const answered = await mustRun(secrets);
    if (!/\n401$/.test(answered)) throw new Error(answered);
    const etcd = curl('pki/etcd/ca.crt', `https://${node.address}:2379/health`);
    return `kube-apiserver: 401 Unauthorized; etcd: ${await mustFail(etcd)}`;
  });
  await check(RENEWED, async () => {
    rmSync(node.file('pki/etcd/ca-chain.crt')); // as on a node that was prepared without the hash of the root
    const before = node.root.digests();
    const args = ['renew', 'front-proxy-client', '--cluster', plane.cluster, '--node', node.name];
    const principal = `node:${plane.cluster}/${node.name}`;
    const root = formatCaCertHash('root', pki.certificate('root'));
    await service.mustCakelessOn(node.space, principal, [
      ...[...args, '--no-restart', '--accept-ca-change', '--ca-cert-hash', root],
    ]);
    const after = node.root.digests();
    const changed = Object.keys(after).filter((path) => before[path] !== after[path]);
    const own = changed.filter((path) => !path.startsWith('cakeless/')).sort();
    const count = certificatesIn(node.root.read('pki/front-proxy-client.crt')).length;
    const wanted = ['etcd/ca-chain.crt', 'front-proxy-client.crt', 'front-proxy-client.key'];
    if (own.join() !== wanted.map((name) => `pki/${name}`).join() || count !== 3)
      throw new Error(`${own.join()}; ${count} certificates`);
    return own.join(', ');
  });
  await check(WRONG, async () => {
    await node.stop('kube-apiserver');
    node.start('kube-apiserver', { '--client-ca-file': CHAIN_FILE });
    await until('/readyz', () => plane.readyz(node));
    const ran = await run(secrets);
    if (!/\n200$/.test(ran.stdout)) throw new Error(lastLines(ran));
    return 'all secrets can be read: never name the chain there';
  });
}
