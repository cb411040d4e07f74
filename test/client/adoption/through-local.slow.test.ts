/**
 * An adoption through `cakeless local`: KMS's own import, and then a certificate that the
 * service signs with the imported key, and that the old CA certificate verifies.
 */
import { X509Certificate } from 'node:crypto';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { RunningService, upload } from '../../support/running-service.ts';
import { cakeless } from '../../support/running-service-command.ts';
import { formsFound, windowsOf } from './octets.ts';
import { Pki, STEMS } from './pki.ts';

/** Whose rights the imports need. */
const IMPORTER = 'administrator';

let pki: Pki;
let service: RunningService;

beforeAll(async () => {
  service = await RunningService.start();
}, 60_000);
afterAll(() => service.close());
beforeEach(() => {
  pki = new Pki();
});
afterEach(() => pki.dispose());

/** Each trust domain needs different CAs: a key cannot be that of two. */
const useCas = (set: string) =>
  cpSync(join('test/fixtures/adopted-cas', set), pki.folders.certDir, { recursive: true });

const environmentOf = (principal: string) => {
  const { credentials, endpoint, region } = service.settings(principal);
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_MAX_ATTEMPTS: '1',
  };
};

const trustDomain = (principal: string, ...args: string[]) =>
  cakeless(environmentOf(principal), 'trust-domain', ...args);
const onNode = (...args: string[]) => [...args, '--kubeconfig-dir', pki.root];
const certificateOf = (stem: string) => new X509Certificate(readFileSync(pki.file(`${stem}.crt`)));

async function published(domain: string): Promise<Buffer[]> {
  const bundles = await Promise.all(
    Object.values(STEMS).map((stem) => service.text('exchange', `trust/${domain}/${stem}.crt`)),
  );
  return bundles.map((pem) => new X509Certificate(pem ?? '').raw);
}

it.each(['approver', 'auditor'])('%s may not adopt', async (principal) => {
  useCas('kubeadm-1.29.15');
  const run = await trustDomain(principal, ...onNode('adopt', 'denied'));
  expect(run.exitCode).toBe(6);
  expect(await service.keys('authority', 'trust/denied')).toEqual([]);
});

it('an importer imports the keys and adopts the CAs, and what the service signs verifies with the old CA certificate', async () => {
  useCas('kubeadm-1.22.17');
  const run = await trustDomain(IMPORTER, ...onNode('adopt', 'prod', '-o', 'json'));
  expect([run.exitCode, run.stderr]).toEqual([
    0,
    expect.stringContaining('importing the key of ca'),
  ]);
  expect(await published('prod')).toEqual(
    Object.values(STEMS).map((stem) => certificateOf(stem).raw),
  );
  const again = await trustDomain(IMPORTER, ...onNode('adopt', 'prod', '-o', 'json'));
  expect(again.stderr).not.toContain('importing');
  expect(JSON.parse(again.stdout).cas).toEqual(JSON.parse(run.stdout).cas);
  const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
  const { cluster, node } = await service.declare(set, 'prod', { trustDomain: 'prod' });
  const key = `requests/${cluster}/${node}/r1/pki/front-proxy-client.csr`;
  await upload(service.s3(), key, csrOf(set, 'front-proxy-client').file);
  await service.local.idle();
  const { certificate = '' } = await service.outcome(key);
  const ca = certificateOf('front-proxy-ca');
  const leaf = new X509Certificate(certificate);
  expect([leaf.verify(ca.publicKey), leaf.checkIssued(ca)]).toEqual([true, true]);
});

it('the form in three parts adopts them, too', async () => {
  useCas('kubeadm-1.35.4-p256');
  const carried = join(pki.root, 'other-import');
  const options = (text: string) =>
    (/ (--(?:wrapping-key|ca-cert)-hash .*)$/m.exec(text)?.[1] ?? '').split(' ');
  const begun = await trustDomain(
    IMPORTER,
    ...onNode('adopt', 'other', '--begin', '--out', carried),
  );
  expect([begun.exitCode, begun.stderr]).toEqual([0, expect.stringContaining('take the hashes')]);
  const wrapped = await cakeless(
    {},
    ...onNode('trust-domain', 'wrap-keys', '--from', carried),
    ...options(begun.stdout),
  );
  expect([wrapped.exitCode, wrapped.stderr]).toEqual([0, '']);
  const finished = await trustDomain(
    IMPORTER,
    'adopt',
    'other',
    '--finish',
    carried,
    ...options(wrapped.stdout),
  );
  expect([finished.exitCode, finished.stderr]).toEqual([
    0,
    expect.stringContaining('adopted the CAs'),
  ]);
  expect(await published('other')).toEqual(
    Object.values(STEMS).map((stem) => certificateOf(stem).raw),
  );
  const windows = Object.values(STEMS).flatMap((stem) =>
    windowsOf(readFileSync(pki.file(`${stem}.key`), 'utf8')),
  );
  const texts = [begun, wrapped, finished].flatMap(({ stdout, stderr }) => [stdout, stderr]);
  const files = readdirSync(carried).map((name) => readFileSync(join(carried, name), 'utf8'));
  expect(formsFound(windows, Buffer.from([...texts, ...files].join('\n')))).toEqual([]);
});
