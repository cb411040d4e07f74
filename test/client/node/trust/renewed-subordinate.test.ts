/**
 * Which certificates a node takes as those of its CA below a corporate root, renewed with the same key: the service imports
 * them, publishes what its key has signed about them, and the node reads that.
 */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lookForRenewedCas } from '../../../../client/node/renewal/renewed-cas.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { casOfFiles, decideCaChange } from '../../../../client/node/trust/ca-change.ts';
import { changeChains } from '../../../../client/node/trust/chain-change.ts';
import { readTrust } from '../../../../client/node/trust/first-trust.ts';
import { readBundleWithChain } from '../../../../client/node/trust/read-bundle.ts';
import { takeRenewed } from '../../../../client/node/trust/renewed-ca.ts';
import { importCertificates } from '../../../../lib/ca/import-certificate.ts';
import type { CaToImport } from '../../../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import {
  type PublishedRenewals,
  publishedRenewalsKey,
} from '../../../../lib/contract/published-renewals.ts';
import { bundleKey, chainKey } from '../../../../lib/contract/trust-domain.ts';
import {
  type CaCertificateParts,
  commonNameOf,
  newEcKeys,
  spkiOf,
} from '../../../support/ca-certificate.ts';
import { openCaService } from '../../../support/ca-service.ts';
import { CorporateRoot } from '../../../support/corporate-root.ts';
import { renewalOptions } from '../../../support/renewal.ts';
import { issueSubordinates } from '../../../support/subordinate-cas.ts';

const DAY_MS = 86_400_000;
const START = new Date('2026-12-01T12:00:00Z');
const NOW = new Date('2028-06-01T12:00:00Z');
const days = (count: number) => new Date(NOW.getTime() + count * DAY_MS);
const corporate = new CorporateRoot();
/** Another intermediate CA below the same root, and another root. */
const second = new CorporateRoot({ root: { keys: corporate.rootKeys } });
const strangers = new CorporateRoot();
const above = (issuing: Uint8Array, root: Uint8Array) =>
  [issuing, root].map(certificateToPem).join('');

const root = mkdtempSync(join(tmpdir(), 'cakeless-renewed-subordinate-'));
const folders = { kubeconfigDir: root, certDir: join(root, 'pki') };
const [caFile, chainFile] = ['ca.crt', 'ca-chain.crt'].map((name) =>
  join(folders.certDir, name),
) as [string, string];
beforeAll(() => mkdirSync(folders.certDir));
afterAll(() => rmSync(root, { recursive: true }));

/** A trust domain with a subordinate CA, of which the node has the files; some time later. */
async function opened(end = days(650)) {
  const { keys, service } = openCaService(START);
  const cas = await issueSubordinates(service, keys, 'fleet', corporate, ['ca'], { notAfter: end });
  const importing = (ca: CaToImport) =>
    importCertificates(service, keys, {
      action: 'import-certificate',
      trustDomain: 'fleet',
      cas: { ca },
    });
  const { certificate = '', chain = '' } = cas.ca ?? {};
  await importing({ certificate, chain });
  service.now = () => NOW;
  const spki = new Uint8Array(
    new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' }),
  );
  const issue = (changes: Partial<CaCertificateParts> = {}, by = corporate) =>
    certificateToPem(
      by.certify(spki, 'kubernetes', days(-1), { notAfter: days(3000), ...changes }),
    );
  writeFileSync(caFile, certificate);
  writeFileSync(chainFile, certificate + chain);
  const { exchange } = service;
  return { exchange, importing, issue, certificate };
}

type Opened = Awaited<ReturnType<typeof opened>>;

/** What the node changes in a run of its timer, or with hashes that a person has given. */
async function decide({ exchange }: Pick<Opened, 'exchange'>, ...hashes: string[]) {
  const published = new Map([['ca' as const, await readBundleWithChain(exchange, 'fleet', 'ca')]]);
  const options = { accept: hashes.length > 0, hashes: caHashesOf(hashes) };
  const decision = decideCaChange(folders, published, options, NOW);
  return changeChains(decision, folders, published, options);
}

it.each<[string, CorporateRoot]>([
  ['the same CA', corporate],
  ['another intermediate CA below the same root', second],
])('a node takes it with its chain, and asks nobody: renewed by %s', async (_, by) => {
  const world = await opened();
  const fresh = world.issue({}, by);
  const chain = above(by.issuing, corporate.root);
  await world.importing({ certificate: fresh, chain });
  const decision = await decide(world);
  expect([...decision.caFiles]).toEqual([
    [caFile, fresh],
    [chainFile, fresh + chain],
  ]);
  expect([...decision.differing]).toEqual([]);
  expect(casOfFiles(decision, folders)).toEqual([]); // nothing has to be restarted
  expect(decision.changes[0]).toMatch(/got the renewed certificate of CN=kubernetes .* same key; /);
  for (const [file, pem] of decision.caFiles) writeFileSync(file, pem);
  expect((await decide(world)).caFiles.size).toBe(0);
});

it('a node without a chain takes it, too: its own key vouches for it, whatever is above it', async () => {
  const world = await opened();
  rmSync(chainFile);
  const fresh = world.issue({}, strangers);
  await world.importing({ certificate: fresh, chain: strangers.chainPem });
  expect([...(await decide(world)).caFiles]).toEqual([[caFile, fresh]]);
});

it('a node with a chain keeps it if the root is another one, until a person names that', async () => {
  const world = await opened();
  const fresh = world.issue({}, strangers);
  await world.importing({ certificate: fresh, chain: strangers.chainPem });
  const first = await decide(world);
  expect([...first.caFiles]).toEqual([[caFile, fresh]]);
  expect(first.differences.join()).toMatch(
    /ca-chain\.crt stays as it is: the service publishes another root: .*root=sha256/,
  );
  const hash = formatCaCertHash('root', certificateToPem(strangers.root));
  expect((await decide(world, hash)).caFiles.get(chainFile)).toBe(fresh + strangers.chainPem);
});

it('another chain of the same certificate is taken, too', async () => {
  const world = await opened();
  const crossed = new CorporateRoot({
    root: { keys: corporate.rootKeys },
    issuing: { keys: corporate.issuingKeys, serialNumber: Uint8Array.of(77) },
  });
  const chain = above(crossed.issuing, corporate.root);
  await world.importing({ certificate: world.certificate, chain });
  expect([...(await decide(world)).caFiles]).toEqual([[chainFile, world.certificate + chain]]);
});

it('components that read it at their start are restarted if the previous one expires soon', async () => {
  const world = await opened(days(200));
  const fresh = world.issue();
  await world.importing({ certificate: fresh, chain: corporate.chainPem });
  expect(casOfFiles(await decide(world), folders)).toEqual(['ca']);
});

it('a run in which no certificate is due finds it', async () => {
  const world = await opened();
  const look = () =>
    lookForRenewedCas(
      { folders, stateDir: root, clock: { now: () => NOW }, exchange: async () => world.exchange },
      { ...renewalOptions({ node: 'w-1' }, ['all']), trustDomain: 'fleet' },
    );
  expect(await look()).toEqual({ isPublished: false, notes: [] });
  await world.importing({ certificate: world.issue(), chain: corporate.chainPem });
  expect(await look()).toEqual({ isPublished: true, notes: [] });
});

it('a new node trusts it by the hash of the CA, which stays', async () => {
  const world = await opened();
  const hashes = [
    formatCaCertHash('ca', world.certificate),
    formatCaCertHash('root', certificateToPem(corporate.root)),
  ];
  const fresh = world.issue({}, second);
  const chain = above(second.issuing, corporate.root);
  await world.importing({ certificate: fresh, chain });
  const empty = { kubeconfigDir: join(root, 'new'), certDir: join(root, 'new/pki') };
  const pins = { hashes: caHashesOf(hashes), trustBundle: undefined, onFirstUse: false };
  const { trusted, problems } = await readTrust(world.exchange, 'fleet', ['ca'], empty, pins);
  expect(problems).toEqual([]);
  expect(trusted[0]).toMatchObject({ bundle: fresh, chain: { pem: fresh + chain } });
});

it('a new node whose CA file was written before keeps it, for renew to replace', async () => {
  const world = await opened();
  await world.importing({ certificate: world.issue(), chain: corporate.chainPem });
  const hashes = caHashesOf([formatCaCertHash('ca', world.certificate)]);
  const pins = { hashes, trustBundle: undefined, onFirstUse: false };
  const { trusted, problems } = await readTrust(world.exchange, 'fleet', ['ca'], folders, pins);
  expect([problems, trusted[0]?.bundle]).toEqual([[], world.certificate]);
  writeFileSync(caFile, certificateToPem(strangers.issuing));
  const other = await readTrust(world.exchange, 'fleet', ['ca'], folders, pins);
  expect(other.problems.join()).toMatch(/on disk differ/);
});

describe('nobody who can write to the bucket makes a node take', () => {
  const thief = newEcKeys();

  /** Publishes a certificate that nobody has imported, beside what vouches for the imported one. */
  const forge = (world: Opened, certificate: string, by: CorporateRoot = corporate) => {
    world.exchange.seed(bundleKey('fleet', 'ca'), certificate);
    world.exchange.seed(chainKey('fleet', 'ca'), certificate + by.chainPem);
  };
  const renewals = ({ exchange }: Opened) =>
    exchange.json(publishedRenewalsKey('fleet')) as PublishedRenewals;
  const publish = ({ exchange }: Opened, text: unknown) =>
    exchange.seed(
      publishedRenewalsKey('fleet'),
      typeof text === 'string' ? text : JSON.stringify(text),
    );
  const changed = (world: Opened, change: object) =>
    publish(world, {
      ...renewals(world),
      renewals: renewals(world).renewals.map((one) => ({ ...one, ...change })),
    });

  it.each<[string, (world: Opened, imported: string) => void]>([
    [
      'one of the corporate CA that was not imported',
      (world) => forge(world, world.issue({ notAfter: days(3500) })),
    ],
    ['one of another CA', (world) => forge(world, world.issue({}, strangers), strangers)],
    [
      'one of another key, under the same name',
      (world) =>
        forge(
          world,
          certificateToPem(
            corporate.certify(spkiOf(thief), 'kubernetes', days(-1), { notAfter: days(3500) }),
          ),
        ),
    ],
    [
      'one of another name',
      (world) => forge(world, world.issue({ subject: commonNameOf('kubernetes-2') })),
    ],
    [
      'the imported one without what vouches for it',
      (world) => world.exchange.objects.delete(publishedRenewalsKey('fleet')),
    ],
    ['the imported one, vouched for as another CA', (world) => changed(world, { ca: 'etcd-ca' })],
    ['the imported one, vouched for as another version', (world) => changed(world, { version: 2 })],
    ['the imported one, with another signature', (world) => changed(world, { signature: 'MAA=' })],
    [
      'the imported one, with another key spec',
      (world) => changed(world, { keySpec: 'ECC_NIST_P384' }),
    ],
    ['the imported one, with another proof', (world) => changed(world, { proof: 'AAAA' })],
    [
      'the imported one, of another trust domain',
      (world) => publish(world, { ...renewals(world), trustDomain: 'other' }),
    ],
    ['the imported one, with something else than JSON', (world) => publish(world, 'x')],
    [
      'the imported one, with endless renewals',
      (world) =>
        publish(world, {
          ...renewals(world),
          renewals: Array(99).fill(renewals(world).renewals[0]),
        }),
    ],
    [
      'the imported one, with an object that is too large',
      (world) => publish(world, JSON.stringify(renewals(world)) + ' '.repeat(64 * 1024)),
    ],
  ])('%s', async (_, attack) => {
    const world = await opened();
    const imported = world.issue();
    await world.importing({ certificate: imported, chain: corporate.chainPem });
    attack(world, imported);
    const { caFiles, differences } = await decide(world);
    expect(caFiles.size).toBe(0);
    expect(differences.join()).toMatch(/ca\.crt would get/);
  });

  it('the previous certificate, which expires earlier', async () => {
    const world = await opened();
    const objects = new Map(world.exchange.objects);
    const fresh = world.issue();
    await world.importing({ certificate: fresh, chain: corporate.chainPem });
    for (const [file, pem] of (await decide(world)).caFiles) writeFileSync(file, pem);
    for (const [key, object] of objects) world.exchange.objects.set(key, object);
    expect((await decide(world)).caFiles.size).toBe(0);
    expect(readFileSync(caFile, 'utf8')).toBe(fresh);
  });
});

it('a self-signed certificate is not a renewal of one below another CA, whatever vouches for it', async () => {
  const world = await opened();
  await world.importing({ certificate: world.issue(), chain: corporate.chainPem });
  const published = await readBundleWithChain(world.exchange, 'fleet', 'ca');
  if ('problem' in published) throw new Error(published.problem);
  const root = { ...published, pem: certificateToPem(strangers.root) };
  const ours = certificateToPem(strangers.issuing);
  expect(takeRenewed(ours, root, NOW).replaced).toEqual([]);
});
