/** Which certificates a node takes as those of its CA, renewed with the same key. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { caHashesOf } from '../../../../client/node/trust/ca-cert-hash.ts';
import { casOfFiles, decideCaChange } from '../../../../client/node/trust/ca-change.ts';
import { haveSameCas, takeRenewed } from '../../../../client/node/trust/renewed-ca.ts';
import { filesOfSameCas } from '../../../../client/node/trust/turn-bundles.ts';
import { certificatesIn, certificateToPem } from '../../../../lib/certificate/pem.ts';
import { OID } from '../../../../lib/der/oids.ts';
import {
  basicConstraints,
  type CaCertificateParts,
  commonNameOf,
  keyUsage,
  nameOf,
  newEcKeys,
  usualExtensions,
  utf8,
  writeCaCertificate,
} from '../../../support/ca-certificate.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2027-06-01T12:00:00Z');
const days = (count: number) => new Date(NOW.getTime() + count * DAY_MS);
const [keys, other] = [newEcKeys(), newEcKeys()];

const write = (changes: Partial<CaCertificateParts> = {}, of = keys): string =>
  certificateToPem(writeCaCertificate(of, days(-3000), { notAfter: days(650), ...changes }));
/** As kubeadm created it up to 1.18. */
const old = write({
  serialNumber: Uint8Array.of(0),
  extensions: usualExtensions(keys, { without: [OID.subjectKeyIdentifier, OID.subjectAltName] }),
});
const renewal = (changes: Partial<CaCertificateParts> = {}, of = keys) =>
  write({ notBefore: days(-1), notAfter: days(3650), ...changes }, of);
const renewed = renewal();

it('a renewed certificate replaces the one before', () => {
  const taken = takeRenewed(old, { pem: renewed }, NOW);
  expect(taken.pem).toBe(renewed);
  expect(taken.replaced).toHaveLength(1);
});

it('others of the file stay in their places', () => {
  const [first, last] = [write({}, other), write({}, newEcKeys())];
  expect(takeRenewed(first + old + last, { pem: renewed }, NOW).pem).toBe(first + renewed + last);
});

it.each<[string, string, string, string]>([
  ['before it', renewed + old, renewed, renewed],
  ['after it', old + renewed, renewed, renewed],
  ['around another one', old + write({}, other) + renewed, renewed, renewed + write({}, other)],
  ['twice', old + old, renewed, renewed],
  ['in the bundle, too', old, old + renewed, renewed],
  ['in the bundle twice', old, renewed + renewed, renewed],
])('a file has the renewed certificate once, whatever is beside it: %s', (_, ours, theirs, pem) => {
  const first = takeRenewed(ours, { pem: theirs }, NOW).pem;
  expect(certificatesIn(first)).toHaveLength(certificatesIn(pem).length);
  expect(certificatesIn(first).indexOf(renewed.trimEnd())).toBe(0);
  expect(takeRenewed(first, { pem: theirs }, NOW)).toEqual({ pem: first, replaced: [] });
});

const rootKeys = newEcKeys();

it.each<[string, string, string?]>([
  ['has another key', renewal({}, other)],
  ['has another subject', renewal({ subject: commonNameOf('kubernetes-2') })],
  [
    'has the subject in another encoding',
    renewal({ subject: nameOf([OID.commonName, utf8('kubernetes')]) }),
  ],
  ['is not signed by its key, but has it', renewal({ signer: other })],
  ['ends when the one before does', renewal({ notAfter: days(650) })],
  ['ends earlier, as one from before a renewal', old, renewed],
  ['is not valid yet', renewal({ notBefore: days(1) })],
  ['is not of a CA', renewal({ extensions: [basicConstraints(), keyUsage(0)] })],
  [
    'may not sign certificates',
    renewal({
      extensions: [...usualExtensions(keys, { without: [OID.keyUsage] }), keyUsage(0)],
    }),
  ],
  ['is the same', old],
  ['is issued by a CA above', renewal({ issuer: commonNameOf('root'), signer: rootKeys })],
  [
    'is self-signed, although the one before is below a CA',
    renewed,
    write({ issuer: commonNameOf('root'), signer: rootKeys }),
  ],
])('a certificate that %s is no renewal', (_, published, ours = old) => {
  expect(takeRenewed(ours, { pem: published }, NOW)).toEqual({ pem: ours, replaced: [] });
});

it.each<[string, string, string, boolean]>([
  ['a certificate and its renewal', old, renewed, true],
  ['both of them, and one', old + renewed, renewed, true],
  ['another order', old + write({}, other), write({}, other) + renewed, true],
  ['another key', old, renewal({}, other), false],
  ['one more', old, renewed + write({}, other), false],
])('%s: whether the CAs are the same', (_, one, another, expected) => {
  expect(haveSameCas(one, another)).toBe(expected);
});

describe('a running node', () => {
  const root = mkdtempSync(join(tmpdir(), 'cakeless-renewed-'));
  const folders = { kubeconfigDir: root, certDir: join(root, 'pki') };
  const file = join(folders.certDir, 'ca.crt');
  beforeAll(() => mkdirSync(folders.certDir));
  beforeEach(() => writeFileSync(file, old));
  afterAll(() => rmSync(root, { recursive: true }));

  const decide = (pem: string, accept = false, now = NOW) =>
    decideCaChange(
      folders,
      new Map([['ca' as const, { pem }]]),
      { accept, hashes: caHashesOf([]) },
      now,
    );
  const until = new X509Certificate(renewed).validTo;

  it.each([false, true])(
    'takes it without a hash, whether a change is accepted or not',
    (accept) => {
      const decision = decide(renewed, accept);
      expect([...decision.caFiles]).toEqual([[file, renewed]]);
      expect(decision.bundles.get('ca')).toBe(renewed);
      expect([...decision.differing]).toEqual([]);
      expect(decision.changes).toEqual([
        `${file} got the renewed certificate of CN=kubernetes until ${new Date(until).toISOString()}, with the same key; components that read it only when they start need it after ${days(650).toISOString()}`,
      ]);
    },
  );

  it('restarts nothing while the one before is valid for long', () => {
    const decision = decide(renewed);
    expect(casOfFiles(decision, folders)).toEqual([]);
    expect(filesOfSameCas(decision, decision, folders)).toEqual([file]);
  });

  it('restarts what has it in memory if it ends before other restarts are certain', () => {
    const decision = decide(renewed, false, days(200));
    expect(casOfFiles(decision, folders)).toEqual(['ca']);
    expect(filesOfSameCas(decision, decision, folders)).toEqual([]);
    expect(decision.changes.join()).toMatch(/with the same key$/);
  });

  it('takes it alone if another CA is published beside it, which a person has to accept', () => {
    const more = write({}, other);
    const decision = decide(renewed + more);
    expect([...decision.caFiles]).toEqual([[file, renewed]]);
    expect([...decision.differing]).toEqual(['ca']);
    expect(() => decide(renewed + more, true)).toThrow(/--ca-cert-hash for:/);
  });
});
