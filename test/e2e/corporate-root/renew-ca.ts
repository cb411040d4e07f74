/** The CA below a corporate root gets another certificate for the same key, as docs/corporate-root.md describes it. */
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificatesIn } from '../../../lib/certificate/pem.ts';
import type { CorporatePki } from '../../support/corporate-pki.ts';
import { until } from '../../support/until.ts';
import type { ControlPlane } from '../control-plane/cluster.ts';
import type { CakelessService } from '../harness/cakeless-service.ts';
import { mustRun } from '../harness/program.ts';
import type { Check } from '../harness/report.ts';
import { readKubeconfigPair } from '../kubeadm/installed.ts';

const IMPORTED =
  'csr and import-certificate renew ca: another intermediate CA has certified the same key';
const TAKEN =
  'renew of another certificate takes it without a hash: ca.crt, ca-chain.crt and CA data; leaves stay';
const OLD_LEAF =
  'kube-apiserver with its previous certificate: kubectl, and curl with the root, or with the previous or the renewed CA';
const NEW_LEAF = 'the same with a new certificate, which has the new chain';
const PUBLISHED = 'kube-root-ca.crt in pods has the new chain';

export const RENEWAL_CHECKS = [IMPORTED, TAKEN, OLD_LEAF, NEW_LEAF, PUBLISHED];

interface Renewal {
  /** The trust domain. */
  readonly name: string;
  readonly service: CakelessService;
  readonly plane: ControlPlane;
  readonly pki: CorporatePki;
  readonly folder: string;
  /** kube-root-ca.crt. */
  readonly readPublished: () => Promise<string>;
}

export async function renewSubordinate(check: Check, renewal: Renewal): Promise<void> {
  const { plane, pki, folder, readPublished } = renewal;
  const node = plane.first;
  const before = join(folder, 'ca-before.crt');
  copyFileSync(node.file('pki/ca.crt'), before);
  await check(IMPORTED, () => importRenewed(renewal));
  await check(TAKEN, () => takeIt(renewal));
  const connect = async () => {
    const trusted = [pki.certificateFile('root'), before, node.file('pki/ca.crt')];
    for (const ca of trusted) await readVersion(plane, ca);
    return plane.kubectl('admin.conf', ['get', '--raw', '/readyz']);
  };
  await check(OLD_LEAF, connect);
  await check(NEW_LEAF, async () => {
    await renewOn(renewal, 'apiserver');
    const [, , between = ''] = certificatesIn(node.root.read('pki/apiserver.crt'));
    if (!new X509Certificate(between).subject.includes('Issuing CA 2')) throw new Error(between);
    return until('the new certificate', connect);
  });
  await check(PUBLISHED, async () => {
    await node.stop('kube-controller-manager');
    node.start('kube-controller-manager');
    const chain = readFileSync(node.file('pki/ca-chain.crt'), 'utf8').trim();
    await until('kube-root-ca.crt', async () => {
      if ((await readPublished()).trim() !== chain) throw new Error('still the chain of before');
      return true;
    });
    const file = join(folder, 'kube-root-ca.crt');
    writeFileSync(file, chain);
    return readVersion(plane, file);
  });
}

async function importRenewed({ name, service, pki, folder }: Renewal): Promise<string> {
  const administer = (...args: string[]) =>
    service.mustCakeless('administrator', ['trust-domain', ...args]);
  const csrs = join(folder, 'renewal');
  await administer('csr', name, '--ca', 'ca', '--out', csrs);
  pki.makeCa('issuing-2', '/O=Example Corp/CN=Example Corp Issuing CA 2', 'root');
  const [certificate, chain] = [join(folder, 'renewed.pem'), join(folder, 'renewed-above.pem')];
  const csr = join(csrs, 'ca.csr');
  const signed = pki.signCa(readFileSync(csr, 'utf8'), { days: 2500, by: 'issuing-2' });
  writeFileSync(certificate, signed);
  writeFileSync(chain, pki.certificate('issuing-2') + pki.certificate('root'));
  const importing = (...more: string[]) =>
    administer(
      ...['import-certificate', name, '--ca', 'ca', '--certificate', certificate],
      ...['--chain', chain, '--csr', csr, '-o', 'json', ...more],
    );
  const { change } = JSON.parse(await importing('--dry-run'));
  const { renewed } = JSON.parse(await importing());
  if (change !== 'renewal' || renewed.length !== 1)
    throw new Error(`${change}: ${JSON.stringify(renewed)}`);
  return `${renewed[0].before.notAfter} became ${renewed[0].after.notAfter}`;
}

function renewOn({ service, plane }: Renewal, certificate: string): Promise<string> {
  const node = plane.first;
  const place = ['--cluster', plane.cluster, '--node', node.name];
  return service.mustCakelessOn(node.space, `node:${plane.cluster}/${node.name}`, [
    ...['renew', certificate, ...place, '--no-restart'],
  ]);
}

/** What a run of the timer does once any certificate is due. */
async function takeIt(renewal: Renewal): Promise<string> {
  const node = renewal.plane.first;
  const [leaf, ca] = ['pki/apiserver.crt', 'pki/ca.crt'].map((path) => node.root.read(path));
  await renewOn(renewal, 'front-proxy-client');
  const [taken, chain] = ['pki/ca.crt', 'pki/ca-chain.crt'].map((path) => node.root.read(path));
  if (taken === ca || !chain?.startsWith(taken ?? '')) throw new Error(`${taken}${chain}`);
  if (node.root.read('pki/apiserver.crt') !== leaf) throw new Error('apiserver.crt changed');
  const admin = readKubeconfigPair(node.file('admin.conf')).certificate;
  return `${certificatesIn(chain ?? '').length} certificates in the chain, ${certificatesIn(admin).length} in admin.conf`;
}

const readVersion = ({ first }: ControlPlane, ca: string): Promise<string> =>
  mustRun([
    ...['curl', '--silent', '--show-error', '--fail', '--max-time', '20', '--cacert', ca],
    `https://${first.address}:6443/version`,
  ]);
