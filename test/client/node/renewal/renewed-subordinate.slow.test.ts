/**
 * A node below a corporate root whose CA gets another certificate for the same key, with the real commands: what a run of
 * the timer changes, and what is as before.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKubeconfig } from '../../../../client/node/disk/kubeconfig.ts';
import { certificatesIn } from '../../../../lib/certificate/pem.ts';
import { CorporatePki } from '../../../support/corporate-pki.ts';
import { kubeadmSet } from '../../../support/kubeadm-sets.ts';
import { CLUSTER, NodeFixture } from '../../../support/node-folder.ts';
import { cakeless, mustCakeless } from '../../../support/running-service-command.ts';

/** Of a release without super-admin.conf, which an approver would have to allow. */
const set = kubeadmSet('1.22.17', 'generate-csr', 'v6-rsa2048');
const TRUST_DOMAIN = 'corporate';
const KUBECONFIGS = ['admin.conf', 'controller-manager.conf', 'scheduler.conf', 'kubelet.conf'];

let fixture: NodeFixture;
let folder: string;
let pki: CorporatePki;
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const administer = (...args: string[]) =>
  mustCakeless(fixture.service.environment, 'trust-domain', ...args);
const put = (name: string, text: string) => {
  const file = join(folder, '..', name);
  writeFileSync(file, text);
  return file;
};

async function importCa(days: number, by: string): Promise<string> {
  const csr = await administer('csr', TRUST_DOMAIN, '--ca', 'ca');
  const certificate = pki.signCa(csr, { days, by });
  await administer(
    ...['import-certificate', TRUST_DOMAIN, '--ca', 'ca'],
    ...['--certificate', put('certificate.pem', certificate)],
    ...['--chain', put('above.pem', pki.certificate(by) + pki.certificate('root'))],
  );
  return certificate;
}

beforeAll(async () => {
  fixture = await NodeFixture.empty(set);
  folder = fixture.copy();
  pki = new CorporatePki(join(folder, '..', 'corporate'));
  pki.makeCa('second', '/O=Example Corp/CN=Example Corp Issuing CA 2', 'root');
  await importCa(600, 'issuing');
  await administer('create', TRUST_DOMAIN, '--ca', 'etcd-ca', '--ca', 'front-proxy-ca');
  await fixture.changeRecord({ trustDomain: TRUST_DOMAIN });
  const prepared = await cakeless(
    fixture.environment(),
    ...['prepare', '--config', join(folder, 'config.yaml'), '--cluster', CLUSTER],
    ...['--kubeconfig-dir', folder, '--trust-on-first-use'],
  );
  expect([prepared.exitCode, prepared.stderr]).toEqual([0, expect.any(String)]);
});
afterAll(() => fixture.close());

it('a run of the timer takes certificate and chain, and kubeconfigs follow; leaves stay until they are due', async () => {
  const [old, chain, apiserver] = ['pki/ca.crt', 'pki/ca-chain.crt', 'pki/apiserver.crt'].map(read);
  const renewed = await importCa(2000, 'second');
  // no certificate is due, and the CA of the node ends within two years
  const run = await fixture.run(
    folder,
    'renew',
    'all',
    '--if-expires-within',
    '1/3',
    '--no-restart',
  );
  expect([run.exitCode, run.stdout]).toEqual([
    0,
    expect.stringMatching(/ca\.crt got the renewed certificate of CN=kubernetes .*same key/),
  ]);
  expect(read('pki/ca.crt')).toBe(renewed);
  expect(read('pki/ca-chain.crt')).toBe(
    renewed + pki.certificate('second') + pki.certificate('root'),
  );
  for (const name of KUBECONFIGS)
    expect(readKubeconfig(read(name), folder).certificateAuthority).toEqual({ pem: renewed });
  expect(read('pki/apiserver.crt')).toBe(apiserver);
  expect([renewed, chain]).not.toContain(old);

  const again = await fixture.run(
    folder,
    ...['renew', 'all', '--if-expires-within', '1/3', '--no-restart'],
  );
  expect([again.exitCode, again.stdout]).toEqual([0, expect.not.stringContaining('ca.crt got')]);
});

it('a certificate that is due comes with the new chain', async () => {
  const before = certificatesIn(read('pki/apiserver.crt'));
  const run = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
  expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
  const after = certificatesIn(read('pki/apiserver.crt'));
  const [ca, between] = [read('pki/ca.crt'), pki.certificate('second')].map((pem) => pem.trim());
  expect(after.slice(1)).toEqual([ca, between]);
  expect(before.slice(1)).not.toEqual(after.slice(1));
  const end = (pem = '') => Date.parse(new X509Certificate(pem).validTo);
  expect(end(before[0])).toBeLessThanOrEqual(end(before[1]));
});

it('check-expiration shows the renewed certificate', async () => {
  const run = await fixture.run(folder, 'check-expiration', '-o', 'json');
  const { certificateAuthorities } = JSON.parse(run.stdout);
  const ca = certificateAuthorities.find(({ name }: { name: string }) => name === 'ca');
  expect(Date.parse(ca.expires ?? ca.notAfter)).toBe(
    Date.parse(new X509Certificate(read('pki/ca.crt')).validTo),
  );
});

it('another root is not taken without its hash, and the run says which', async () => {
  rmSync(join(folder, '..', 'above.pem'));
  const other = new CorporatePki(join(folder, '..', 'other'));
  const csr = await administer('csr', TRUST_DOMAIN, '--ca', 'ca');
  const certificate = other.signCa(csr, { days: 3000 });
  await administer(
    ...['import-certificate', TRUST_DOMAIN, '--ca', 'ca'],
    ...['--certificate', put('other.pem', certificate)],
    ...['--chain', put('other-above.pem', other.chain)],
  );
  const chain = read('pki/ca-chain.crt');
  const run = await fixture.run(folder, 'renew', 'apiserver', '--no-restart');
  expect(run.stdout + run.stderr).toMatch(/ca-chain\.crt stays as it is: .*another root/);
  expect([read('pki/ca.crt'), read('pki/ca-chain.crt')]).toEqual([certificate, chain]);
});
