/** Nodes of an existing cluster after its CAs were adopted: the CA files stay as they are, and new certificates chain to them. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { caFileOf } from '../../../../client/node/disk/places.ts';
import { chainsTo } from '../../../../client/node/expiry/certificate-problems.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { decideCaChange } from '../../../../client/node/trust/ca-change.ts';
import { judgeDisk } from '../../../../client/node/trust/first-trust.ts';
import { judgeBundle } from '../../../../client/node/trust/pins.ts';
import { readBundle } from '../../../../client/node/trust/read-bundle.ts';
import { findAnchor } from '../../../../client/node/trust/signer.ts';
import { summarizeTrustDomain } from '../../../../client/operator/trust-domain.ts';
import { ADOPTABLE_CAS } from '../../../../lib/ca/trust-domain-request.ts';
import { certificateToPem } from '../../../../lib/certificate/pem.ts';
import { AFTER_ADOPTION, adoptedSets, readAdoptedSet } from '../../../support/adopted-cas.ts';
import { leavesOf, openAdopted } from '../../../support/adopted-leaves.ts';
import { TRUST_DOMAIN } from '../../../support/in-memory-service.ts';

const root = mkdtempSync(join(tmpdir(), 'cakeless-adopted-'));
afterAll(() => rmSync(root, { recursive: true }));

const NO_PINS = { hashes: caHashesOf([]), trustBundle: undefined, onFirstUse: false };

/** @returns the folders of a node with the files of a set */
function nodeOf(set: string, change = (text: string) => text) {
  const folder = mkdtempSync(join(root, 'node-'));
  const folders = { certDir: join(folder, 'pki'), kubeconfigDir: folder };
  for (const ca of ADOPTABLE_CAS) {
    const file = caFileOf(ca, folders);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, change(readAdoptedSet(set)[ca].certificate));
  }
  return folders;
}

describe.each(adoptedSets())('CAs of %s', (set) => {
  const existing = readAdoptedSet(set);

  it('have signed the certificates of a node, by its CA files', async () => {
    for (const { ca, pem } of await leavesOf(set)) {
      const file = existing[ca].certificate;
      expect(findAnchor(new X509Certificate(pem), file)?.fingerprint256).toBe(
        existing[ca].x509.fingerprint256,
      );
      expect(chainsTo([pem], file)).toBe(true);
    }
  });

  it('are published so that no CA file of a node differs, and a new node can pin them', async () => {
    const { memory } = await openAdopted(existing);
    const { document } = memory;
    const folders = nodeOf(set);
    for (const ca of ADOPTABLE_CAS) {
      const { certificate = '' } = document.cas[ca]?.versions[0] ?? {};
      memory.exchange.seed(`trust/${TRUST_DOMAIN}/${pathOf[ca]}`, certificate);
      const published = await readBundle(memory.exchange, TRUST_DOMAIN, ca);
      if (!('pem' in published)) throw new Error(published.problem);
      expect(published.pem).toBe(certificateToPem(existing[ca].x509.raw));
      const options = { accept: false, hashes: caHashesOf([]) };
      const decision = decideCaChange(folders, new Map([[ca, published]]), options, AFTER_ADOPTION);
      expect(decision.differences).toEqual([]);
      const hashes = caHashesOf([formatCaCertHash(ca, existing[ca].x509)]);
      expect(judgeBundle(ca, published.pem, undefined, { ...NO_PINS, hashes })).toEqual({
        trustedBy: 'hash',
      });
      expect(judgeBundle(ca, published.pem, existing[ca].certificate, NO_PINS)).toEqual({
        trustedBy: 'disk',
      });
    }
  });

  it('are trusted by a node that has only their files', () => {
    const { trusted, problems } = judgeDisk(ADOPTABLE_CAS, nodeOf(set), NO_PINS);
    expect(problems).toEqual([]);
    expect(trusted.map(({ bundle }) => bundle)).toEqual(
      ADOPTABLE_CAS.map((ca) => certificateToPem(existing[ca].x509.raw)),
    );
  });

  it('are shown as adopted, each subject on one line', async () => {
    const { memory } = await openAdopted(existing);
    const { cas, caCertHashes } = await summarizeTrustDomain(memory.authority, TRUST_DOMAIN);
    expect(caCertHashes).toEqual(
      ADOPTABLE_CAS.map((ca) => formatCaCertHash(ca, existing[ca].x509)),
    );
    for (const { origin, subject } of Object.values(cas))
      expect([origin, subject]).toEqual(['adopted', expect.stringMatching(/^[^\n]+$/)]);
  });
});

const pathOf = { ca: 'ca.crt', 'etcd-ca': 'etcd/ca.crt', 'front-proxy-ca': 'front-proxy-ca.crt' };

it.each([
  [
    'a block that other programs may read',
    (text: string) => text.replace(/(-----BEGIN CERTIFICATE-----)\n/, '$1 \n'),
  ],
  ['a block in the middle of a line', (text: string) => `see ${text}`],
  [
    'a certificate of another type',
    (text: string) => `${text}-----BEGIN TRUSTED CERTIFICATE-----\n`,
  ],
])('a CA file with %s is not trusted because of its text', (_, change) => {
  const { trusted, problems } = judgeDisk(['ca'], nodeOf('kubeadm-1.35.4', change), NO_PINS);
  expect(trusted).toEqual([]);
  expect(problems.join()).toMatch(/is not a list of PEM certificates$/);
});
