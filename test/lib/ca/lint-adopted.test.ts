/** Which existing CA certificates are accepted, and what is said about each. */
import { generateKeyPairSync } from 'node:crypto';
import { lintAdopted } from '../../../lib/ca/lint-adopted.ts';
import { OID } from '../../../lib/der/oids.ts';
import {
  booleanTrue,
  context,
  directoryString,
  element,
  octetString,
  oid,
  sequence,
} from '../../../lib/der/write.ts';
import type { CaName } from '../../../lib/profiles/certificate-names.ts';
import {
  basicConstraints,
  type CaCertificateParts,
  commonNameOf,
  ecdsaWithSha1,
  ecdsaWithSha256,
  ed25519,
  extension,
  integer,
  type KeyPair,
  keyUsage,
  nameOf,
  newEcKeys,
  newRsaKeys,
  rsaWithSha256,
  usualExtensions,
  utf8,
  writeCaCertificate,
} from '../../support/ca-certificate.ts';

const NOW = new Date('2027-01-01T00:00:00Z');
const NOT_BEFORE = new Date('2026-12-01T00:00:00Z');
const keys = newEcKeys();
const other = newEcKeys();

const days = (count: number) => new Date(NOW.getTime() + count * 86_400_000);

function lint(ca: CaName, changes: Partial<CaCertificateParts>, own: KeyPair = keys): string[] {
  const der = writeCaCertificate(own, NOT_BEFORE, changes);
  return lintAdopted(ca, der, NOW).map(({ level, text }) => `${level}: ${text}`);
}

const with_ = (more: Uint8Array[], ...without: string[]) => ({
  extensions: usualExtensions(keys, { without, more }),
});

const dnsName = (text: string) => element(0x82, Buffer.from(text));
const ipRange = (...octets: number[]) => element(0x87, Uint8Array.from(octets));
const subtree = (base: Uint8Array) => sequence(base);
const nameConstraints = (permitted: Uint8Array[], excluded: Uint8Array[] = []) =>
  with_([
    extension(
      OID.nameConstraints,
      sequence(
        ...(permitted.length > 0 ? [context(0, ...permitted.map(subtree))] : []),
        ...(excluded.length > 0 ? [context(1, ...excluded.map(subtree))] : []),
      ),
      true,
    ),
  ]);
const usages = (...ids: string[]) => with_([extension(OID.extKeyUsage, sequence(...ids.map(oid)))]);

it('has nothing to say about a certificate as current releases make it', () => {
  expect(lint('ca', {})).toEqual([]);
});

it.each<[string, CaName, Partial<CaCertificateParts>, string]>([
  [
    'without subjectKeyIdentifier, as kubeadm made them up to 1.18',
    'ca',
    with_([], OID.subjectKeyIdentifier),
    'has no subjectKeyIdentifier: leaf certificates name its key by its SHA-1 digest (RFC 5280 section 4.2.1.2)',
  ],
  [
    'with serial number 0, as kubeadm made them up to 1.24',
    'ca',
    { serialNumber: Uint8Array.of(0) },
    'has serial number 0',
  ],
  [
    'without subjectAltName, as kubeadm made them up to 1.21',
    'ca',
    with_([], OID.subjectAltName),
    'has no subjectAltName',
  ],
  [
    'with keyUsage as kubeadm writes it',
    'ca',
    with_([keyUsage(0, 2, 5)], OID.keyUsage),
    'has a keyUsage without cRLSign',
  ],
  ['without keyUsage', 'ca', with_([], OID.keyUsage), 'has no keyUsage'],
  [
    'whose subject is UTF8String',
    'ca',
    { subject: nameOf([OID.commonName, utf8('kubernetes')]) },
    'has a subject that is not all PrintableString, which is what Kubernetes itself writes; issuer names of leaf certificates are copied byte for byte',
  ],
  [
    'whose subject has several RDNs',
    'ca',
    {
      subject: nameOf(
        [OID.organizationName, directoryString('Example')],
        [OID.commonName, directoryString('kubernetes-ca')],
      ),
    },
    'has a subject of 2 attributes',
  ],
  [
    'that is signed with SHA-1',
    'ca',
    { signature: ecdsaWithSha1, hash: 'sha1' },
    'is signed with ECDSA with SHA-1: nobody verifies the signature of a CA certificate that they trust',
  ],
  [
    'with less than two years left',
    'ca',
    { notAfter: days(729) },
    'expires at 2028-12-30T00:00:00.000Z, in 729 days',
  ],
  [
    'with 30 days left',
    'ca',
    { notAfter: days(30) },
    'expires at 2027-01-31T00:00:00.000Z, in 30 days',
  ],
  [
    'with pathLenConstraint 0',
    'ca',
    with_([basicConstraints(booleanTrue(), integer(0))], OID.basicConstraints),
    'has pathLenConstraint 0: no CA certificate can be below it, so it cannot cross-sign a later version',
  ],
  [
    'with basicConstraints that are not critical',
    'ca',
    with_([extension(OID.basicConstraints, sequence(booleanTrue()))], OID.basicConstraints),
    'has basicConstraints that are not critical',
  ],
  [
    'with an extKeyUsage that suffices',
    'ca',
    usages(OID.serverAuth, OID.clientAuth),
    'has an extKeyUsage',
  ],
  [
    'of the front proxy, for clients only',
    'front-proxy-ca',
    { ...usages(OID.clientAuth), subject: commonNameOf('front-proxy-ca') },
    'has an extKeyUsage',
  ],
  [
    'with anyExtendedKeyUsage',
    'ca',
    usages(OID.anyExtendedKeyUsage),
    'has an extKeyUsage with anyExtendedKeyUsage',
  ],
  [
    'with nameConstraints that admit what it is for',
    'etcd-ca',
    {
      ...nameConstraints(
        [
          dnsName('localhost'),
          dnsName('kube-apiserver-etcd-client'),
          dnsName('kube-etcd-healthcheck-client'),
          ipRange(127, 0, 0, 0, 255, 0, 0, 0),
          ipRange(...new Array(15).fill(0), 1, ...new Array(16).fill(255)),
        ],
        [dnsName('.example.com')],
      ),
      subject: commonNameOf('etcd-ca'),
    },
    'has nameConstraints: no client or server accepts a certificate whose names they exclude',
  ],
])('accepts a certificate %s, and says so', (_, ca, changes, text) => {
  expect(lint(ca, changes)).toEqual([`accepts: ${text}`]);
});

it('accepts PrintableString, which kubeadm writes, without a word', () => {
  expect(
    lint('ca', { subject: nameOf([OID.commonName, element(0x13, Buffer.from('k8s'))]) }),
  ).toEqual([]);
});

it.each(['P-256', 'P-384'])('accepts a key on %s', (namedCurve) => {
  expect(lint('ca', {}, newEcKeys(namedCurve))).toEqual([]);
});

it.each<[string, CaName, Partial<CaCertificateParts>, string]>([
  [
    'without basicConstraints',
    'ca',
    with_([], OID.basicConstraints),
    'has no basicConstraints: it is not a CA certificate',
  ],
  [
    'with CA:FALSE',
    'ca',
    with_([basicConstraints()], OID.basicConstraints),
    'has basicConstraints CA:FALSE: it is not a CA certificate',
  ],
  [
    'with a negative pathLenConstraint',
    'ca',
    with_([basicConstraints(booleanTrue(), integer(0xff))], OID.basicConstraints),
    'has a negative pathLenConstraint',
  ],
  [
    'with a keyUsage without keyCertSign',
    'ca',
    with_([keyUsage(0, 2, 6)], OID.keyUsage),
    'has a keyUsage without keyCertSign',
  ],
  [
    'of the cluster for servers only',
    'ca',
    usages(OID.serverAuth),
    'has an extKeyUsage without clientAuth, which its leaf certificates need',
  ],
  [
    'of the front proxy for servers only',
    'front-proxy-ca',
    { ...usages(OID.serverAuth), subject: commonNameOf('front-proxy-ca') },
    'has an extKeyUsage without clientAuth, which its leaf certificates need',
  ],
  ['that expired', 'ca', { notAfter: days(0) }, 'expired at 2027-01-01T00:00:00.000Z'],
  [
    'that expires within 30 days',
    'ca',
    { notAfter: days(29) },
    'expires at 2027-01-30T00:00:00.000Z, in 29 days; at least 30 must be left',
  ],
  [
    'that is not valid yet',
    'ca',
    { notBefore: days(1), notAfter: days(3000) },
    'is not valid before 2027-01-02T00:00:00.000Z',
  ],
  [
    'that another CA issued',
    'ca',
    { issuer: commonNameOf('Example Root'), signer: other },
    'is issued by CN=Example Root, not self-signed: a CA below another one cannot be adopted',
  ],
  [
    'that another key signed under its name',
    'ca',
    { signer: other },
    'has a signature that does not verify with its own key',
  ],
  [
    'with two signature algorithms',
    'ca',
    { signatureAlgorithm: ecdsaWithSha1 },
    'names two different signature algorithms',
  ],
  [
    'with the name of another CA',
    'ca',
    { subject: commonNameOf('etcd-ca') },
    "has the name of another CA, CN=etcd-ca, which is kubeadm's name of etcd-ca",
  ],
  ['without a subject', 'ca', { subject: nameOf() }, 'has an empty subject'],
  [
    'with a negative serial number',
    'ca',
    { serialNumber: Uint8Array.of(0x80) },
    'has a negative serial number, which Kubernetes cannot read (Go 1.23 and later)',
  ],
  [
    'with an unknown critical extension',
    'ca',
    with_([extension('1.2.3.4', sequence(), true)]),
    'has critical extensions that Kubernetes cannot evaluate: 1.2.3.4',
  ],
  [
    'with a critical subjectKeyIdentifier',
    'ca',
    with_(
      [extension(OID.subjectKeyIdentifier, octetString(new Uint8Array(20)), true)],
      OID.subjectKeyIdentifier,
    ),
    'has critical extensions that Kubernetes cannot evaluate: subjectKeyIdentifier',
  ],
  [
    'with an empty subjectKeyIdentifier',
    'ca',
    with_(
      [extension(OID.subjectKeyIdentifier, octetString(new Uint8Array()))],
      OID.subjectKeyIdentifier,
    ),
    'has a subjectKeyIdentifier of 0 octets',
  ],
  ['with an extension twice', 'ca', with_([keyUsage(0, 5, 6)]), 'has keyUsage twice'],
  [
    'whose nameConstraints admit other names only',
    'ca',
    nameConstraints([dnsName('example.com')]),
    'has nameConstraints that exclude kubernetes, kubernetes.default, kubernetes.default.svc, kube-apiserver-kubelet-client, kubernetes-admin, which its leaf certificates need',
  ],
  [
    'whose nameConstraints exclude names of the API server',
    'ca',
    nameConstraints([], [dnsName('svc'), dnsName('KUBERNETES')]),
    'has nameConstraints that exclude kubernetes, kubernetes.default.svc, which its leaf certificates need',
  ],
  [
    'whose nameConstraints exclude the loopback address',
    'etcd-ca',
    {
      ...nameConstraints([ipRange(10, 0, 0, 0, 255, 0, 0, 0)]),
      subject: commonNameOf('etcd-ca'),
    },
    'has nameConstraints that exclude 127.0.0.1, ::1, which its leaf certificates need',
  ],
  [
    'whose nameConstraints are about directory names',
    'ca',
    nameConstraints([element(0xa4, commonNameOf('kubernetes'))]),
    'has nameConstraints for directoryName, which Kubernetes cannot check (crypto/x509)',
  ],
])('refuses a certificate %s, and says why', (_, ca, changes, text) => {
  expect(lint(ca, changes)).toEqual([`refuses: ${text}`]);
});

const KEYS = 'RSA of 2048, 3072 or 4096 bits with exponent 65537, or EC on P-256 or P-384';

it.each<[string, () => KeyPair, Uint8Array]>([
  ['RSA with 1024 bits', () => newRsaKeys(1024), rsaWithSha256],
  ['RSA-2056', () => newRsaKeys(2056), rsaWithSha256],
  ['exponent 3', () => newRsaKeys(2048, 3), rsaWithSha256],
  ['curve P-521', () => newEcKeys('P-521'), ecdsaWithSha256],
  ['curve secp256k1', () => newEcKeys('secp256k1'), ecdsaWithSha256],
  ['algorithm Ed25519', () => generateKeyPairSync('ed25519'), ed25519],
])('refuses a key that KMS or the service cannot have: %s', (got, make, signature) => {
  const own = make();
  const changes = { signature, extensions: usualExtensions(own) };
  expect(lint('ca', changes, own)).toEqual([
    `refuses: has a key that the service cannot use: ${got}; allowed: ${KEYS}`,
  ]);
});

it('refuses a certificate of version 1', () => {
  expect(lint('ca', { version: 'v1' })).toContain(
    'refuses: has no basicConstraints: it is not a CA certificate',
  );
});

it.each([
  ['no DER at all', Buffer.from('hello')],
  ['a truncated certificate', writeCaCertificate(keys, NOT_BEFORE).subarray(0, 200)],
  [
    'a certificate with more after it',
    Buffer.concat([writeCaCertificate(keys, NOT_BEFORE), Buffer.of(0)]),
  ],
])('refuses %s', (_, der) => {
  expect(lintAdopted('ca', der, NOW)).toEqual([
    { level: 'refuses', text: expect.stringMatching(/^cannot be read: /) },
  ]);
});

it('names everything at once', () => {
  const changes = {
    serialNumber: Uint8Array.of(0),
    notAfter: days(3),
    ...with_([], OID.basicConstraints, OID.subjectKeyIdentifier),
  };
  expect(lint('ca', changes).map((text) => text.slice(0, 30))).toEqual([
    'accepts: has serial number 0',
    'refuses: expires at 2027-01-04',
    'refuses: has no basicConstrain',
    'accepts: has no subjectKeyIden',
  ]);
});
