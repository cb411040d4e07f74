/** A node follows a rotation to a new CA below a corporate root, from one below that root or from its own root. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodeOf } from '../../../../client/commands/renew.ts';
import { caChainFileOf, caFileOf } from '../../../../client/node/disk/places.ts';
import { caHashesOf, formatCaCertHash } from '../../../../client/node/trust/ca-cert-hash.ts';
import { nameOfCertificate } from '../../../../lib/ca/certificate-name.ts';
import { certificatesIn, certificateToPem } from '../../../../lib/certificate/pem.ts';
import { chainKey } from '../../../../lib/contract/trust-domain.ts';
import { OID } from '../../../../lib/der/oids.ts';
import {
  commonNameOf,
  extension,
  spkiOf,
  writeCaCertificate,
} from '../../../support/ca-certificate.ts';
import { CorporateRoot, extensionsBelow } from '../../../support/corporate-root.ts';
import { type Ca, NOW, named, rotationOf } from '../../../support/rotating-node.ts';
import { node, OF_CA, ofTwo, one, root, three, two } from './rotation.ts';

const DAY = 86_400_000;
const MADE = new Date(NOW.getTime() - DAY);
const [corporate, another] = [new CorporateRoot(), new CorporateRoot()];

/** The certificate of a CA for the same key and subject, below a corporate root. */
function below(ca: Ca, by = corporate, days = 3000): Ca {
  const end = new Date(NOW.getTime() + days * DAY);
  const der = by.certify(spkiOf(ca.keys), 'kubernetes', MADE, { notAfter: end });
  return { ...ca, pem: certificateToPem(der) };
}

const [oldBelow, newBelow] = [below(one), below(two)];
const elsewhere = below(two, another);

/** @param names the certificate that it is about */
function crossNaming(names: string | undefined): string {
  const san = (pem: string) =>
    extension(OID.subjectAltName, nameOfCertificate(new X509Certificate(pem).raw));
  const der = writeCaCertificate(two.keys, MADE, {
    subject: commonNameOf('kubernetes'),
    signer: one.keys,
    extensions: extensionsBelow(two.keys, one.keys, {
      more: names === undefined ? [] : [san(names)],
    }),
  });
  return certificateToPem(der);
}

const fingerprintsOf = (ca: Ca, number: 1 | 2) => ({
  ...named(number),
  sha256: new X509Certificate(ca.pem).fingerprint256.replaceAll(':', '').toLowerCase(),
});

interface Published {
  readonly bundle: readonly Ca[];
  readonly chain?: string;
  readonly cross?: string | undefined;
}

function publish(
  phase: 'trust' | 'issue' | 'retire',
  sequence: number,
  { bundle, chain, cross = crossNaming(newBelow.pem) }: Published,
): void {
  const [from, to] = [fingerprintsOf(old, 1), fingerprintsOf(bundle.find(isNew) ?? two, 2)];
  const { cross: _, ...rotation } = rotationOf(phase, { from, to });
  node.publish(bundle, { sequence, rotation: { ...rotation, ...(cross !== '' && { cross }) } });
  if (chain !== undefined) node.store.seed(chainKey('fleet', 'ca'), chain);
  node.signs = phase === 'trust' ? one : two;
  node.cross = phase === 'issue' ? cross + old.pem + newBelow.pem : undefined;
}

const isNew = ({ keys }: Ca) => keys === two.keys;
const caFile = () => readFileSync(caFileOf('ca', node.folders), 'utf8');
const chainFile = () => caChainFileOf('ca', node.folders);
const chainText = () => (existsSync(chainFile()) ? readFileSync(chainFile(), 'utf8') : undefined);
const taken = (...cas: readonly Ca[]) => cas.map(({ pem }) => pem).join('');

/** Which of the two the node has at first. */
let old: Ca;

function begin(first: Ca, chain?: string): void {
  old = first;
  writeFileSync(caFileOf('ca', node.folders), first.pem);
  node.publish([first]);
  if (chain !== undefined) writeFileSync(chainFile(), chain);
}

const WITH_OLD = oldBelow.pem + corporate.chainPem;

it('takes the new CA without a person, and its chain, through all phases', async () => {
  begin(oldBelow, WITH_OLD);
  const both = [oldBelow, newBelow];
  publish('trust', 1, { bundle: both, chain: WITH_OLD + newBelow.pem });
  expect(exitCodeOf(await node.renew())).toBe(0);
  expect([caFile(), chainText()]).toEqual([taken(...both), WITH_OLD + newBelow.pem]);

  const newFirst = newBelow.pem + corporate.chainPem + oldBelow.pem;
  publish('issue', 2, { bundle: [newBelow, oldBelow], chain: newFirst });
  expect(exitCodeOf(await node.renew())).toBe(0);
  expect([ofTwo(), caFile(), chainText()]).toEqual([OF_CA, taken(newBelow, oldBelow), newFirst]);
  expect(certificatesIn(readFileSync(join(root, 'pki/apiserver.crt'), 'utf8'))).toHaveLength(4);

  const withNew = newBelow.pem + corporate.chainPem;
  publish('retire', 3, { bundle: [newBelow], chain: withNew });
  expect(exitCodeOf(await node.renew())).toBe(0);
  expect([caFile(), chainText()]).toEqual([newBelow.pem, withNew]);

  publish('issue', 4, { bundle: [newBelow, oldBelow], chain: newFirst });
  expect(exitCodeOf(await node.renew())).toBe(0);
  expect([caFile(), chainText()]).toEqual([taken(newBelow, oldBelow), newFirst]);
});

it.each<[string, Published]>([
  [
    'with dates that differ from those of the one that the cross certificate names',
    { bundle: [oldBelow, below(two, corporate, 3600)] },
  ],
  [
    'that the cross certificate does not name',
    { bundle: [oldBelow, newBelow], cross: crossNaming(undefined) },
  ],
  ['that another corporate CA has issued', { bundle: [oldBelow, elsewhere] }],
])('does not take a certificate with the key of the new CA %s', async (_, published) => {
  begin(oldBelow, WITH_OLD);
  publish('trust', 1, published);
  const report = await node.renew();
  expect([caFile(), exitCodeOf(report), report.rotation?.refused]).toEqual([
    oldBelow.pem,
    7,
    [
      expect.stringMatching(
        /its own key has not signed it, and the cross certificate does not name it; have operators/,
      ),
    ],
  ]);
  // the key is the right one, so a hash of it must not be offered
  expect(report.rotation?.refused.join()).not.toContain('sha256:');
});

it('takes it by its hash if there is no cross certificate', async () => {
  begin(oldBelow, WITH_OLD);
  publish('trust', 1, { bundle: [oldBelow, newBelow], chain: WITH_OLD + newBelow.pem, cross: '' });
  const report = await node.renew();
  expect([caFile(), exitCodeOf(report)]).toEqual([oldBelow.pem, 7]);
  const hash = formatCaCertHash('ca', newBelow.pem);
  expect(report.rotation?.refused.join()).toContain(hash);
  const accepted = await node.renew({ caChange: { accept: true, hashes: caHashesOf([hash]) } });
  expect([caFile(), chainText(), exitCodeOf(accepted)]).toEqual([
    taken(oldBelow, newBelow),
    WITH_OLD + newBelow.pem,
    0,
  ]);
});

it('takes a chain with another root only by its hash, and the CA without it', async () => {
  begin(oldBelow, WITH_OLD);
  const cross = crossNaming(elsewhere.pem);
  const chain = WITH_OLD + elsewhere.pem + another.chainPem;
  publish('trust', 1, { bundle: [oldBelow, elsewhere], chain, cross });
  const report = await node.renew();
  expect([caFile(), chainText()]).toEqual([taken(oldBelow, elsewhere), WITH_OLD]);
  expect(report.caDifferences.join()).toContain('the service publishes another root');
  const hashes = caHashesOf([formatCaCertHash('root', certificateToPem(another.root))]);
  await node.renew({ caChange: { accept: true, hashes } });
  expect(chainText()).toBe(chain);
});

describe('from a CA that is its own root', () => {
  it('takes the new CA without a person, and drops the old one; a hash of the root brings the chain', async () => {
    begin(one);
    const chain = one.pem + newBelow.pem + corporate.chainPem;
    publish('trust', 1, { bundle: [one, newBelow], chain });
    expect(exitCodeOf(await node.renew())).toBe(0);
    expect([caFile(), chainText()]).toEqual([taken(one, newBelow), undefined]);
    const hashes = caHashesOf([formatCaCertHash('root', certificateToPem(corporate.root))]);
    await node.renew({ caChange: { accept: true, hashes } });
    expect(chainText()).toBe(chain);

    const newFirst = newBelow.pem + corporate.chainPem + one.pem;
    publish('issue', 2, { bundle: [newBelow, one], chain: newFirst });
    await node.renew();
    expect([ofTwo(), caFile(), chainText()]).toEqual([OF_CA, taken(newBelow, one), newFirst]);
    const withNew = newBelow.pem + corporate.chainPem;
    publish('retire', 3, { bundle: [newBelow], chain: withNew });
    expect(exitCodeOf(await node.renew())).toBe(0);
    expect([caFile(), chainText()]).toEqual([newBelow.pem, withNew]);
  });

  it('never takes the root with it', async () => {
    begin(one);
    const ofRoot = { ...three, pem: certificateToPem(corporate.root) };
    publish('trust', 1, { bundle: [one, newBelow, ofRoot] });
    await node.renew();
    expect(caFile()).toBe(taken(one, newBelow));
  });
});
