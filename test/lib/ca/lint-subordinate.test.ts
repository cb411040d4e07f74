/** Which certificates of a corporate CA are taken for a subordinate CA, and what is said about each of the others. */
import { constants } from 'node:crypto';
import { lintSubordinate } from '../../../lib/ca/lint-subordinate.ts';
import { readSubordinate } from '../../../lib/ca/read-subordinate.ts';
import { certificateToPem } from '../../../lib/certificate/pem.ts';
import { OID } from '../../../lib/der/oids.ts';
import {
  bitString,
  booleanTrue,
  context,
  contextPrimitive,
  derNull,
  directoryString,
  element,
  octetString,
  oid,
  sequence,
} from '../../../lib/der/write.ts';
import { CA_NAMES, type CaName } from '../../../lib/profiles/certificate-names.ts';
import {
  basicConstraints,
  type CaCertificateParts,
  commonNameOf,
  ecdsaWithSha1,
  extension,
  integer,
  type KeyPair,
  keyUsage,
  nameOf,
  newEcKeys,
  newRsaKeys,
  rsaWithSha256,
  spkiOf,
  usualExtensions,
} from '../../support/ca-certificate.ts';
import {
  CorporateRoot,
  extensionsBelow,
  ISSUING_NAME,
  keyIdentifierField,
  ROOT_NAME,
} from '../../support/corporate-root.ts';
import { judgeWithOpenssl } from '../../support/judges-openssl.ts';

const NOW = new Date('2027-01-01T00:00:00Z');
const FROM = new Date('2026-12-01T00:00:00Z');
const keys = newEcKeys();
const other = newEcKeys();
const issuingKeys = newEcKeys();
const corporate = new CorporateRoot();
const NAMES: Record<CaName, string> = {
  ca: 'kubernetes',
  'etcd-ca': 'etcd-ca',
  'front-proxy-ca': 'front-proxy-ca',
  'kubelet-ca': 'kubelet-ca',
};

const days = (count: number) => new Date(NOW.getTime() + count * 86_400_000);

/** Extensions of the CA, some of them replaced. */
const having = (more: Uint8Array[], without: string[] = []) => ({
  extensions: extensionsBelow(keys, corporate.issuingKeys, { without, more }),
});

const usages = (...names: (keyof typeof OID)[]) =>
  extension(OID.extKeyUsage, sequence(...names.map((name) => oid(OID[name]))));

const dns = (name: string) => sequence(contextPrimitive(2, Buffer.from(name)));
const directory = () => sequence(context(4, commonNameOf('x')));
const constrained = (...parts: Uint8Array[]) =>
  extension(OID.nameConstraints, sequence(...parts), true);
const permitted = (...bases: Uint8Array[]) => context(0, ...bases);
const excluded = (...bases: Uint8Array[]) => context(1, ...bases);

interface Case {
  readonly ca?: CaName;
  /** What the certificate of the CA has instead. */
  readonly own?: Partial<CaCertificateParts>;
  readonly by?: CorporateRoot;
  readonly chain?: (by: CorporateRoot, own: Uint8Array) => readonly Uint8Array[];
  readonly publicKey?: Uint8Array;
}

function lint({ ca = 'ca', own = {}, by = corporate, chain, publicKey = spkiOf(keys) }: Case) {
  const certificate = by.certify(spkiOf(keys), NAMES[ca], FROM, { ...own });
  const above = chain ? chain(by, certificate) : by.chain;
  return lintSubordinate(ca, { certificate, chain: above, publicKey }, NOW);
}

const refusals = (one: Case) =>
  lint(one)
    .filter(({ level }) => level === 'refuses')
    .map(({ text }) => text);
const warnings = (one: Case) =>
  lint(one)
    .filter(({ level }) => level === 'accepts')
    .map(({ text }) => text);

it.each(CA_NAMES)('takes a usual certificate for %s, without a word', (ca) => {
  expect(lint({ ca })).toEqual([]);
});

it('takes a certificate that the root itself has issued', () => {
  const { rootKeys, root } = corporate;
  const direct = {
    signer: rootKeys,
    issuer: commonNameOf(ROOT_NAME),
    extensions: extensionsBelow(keys, rootKeys),
  };
  expect(lint({ own: direct, chain: () => [root] })).toEqual([]);
});

describe('takes, and says', () => {
  it.each<[string, Case, RegExp]>([
    [
      'that it expires in less than two years',
      { own: { notAfter: days(700) } },
      /^expires at .*, in 700 days$/,
    ],
    [
      'that a pathLenConstraint of 0 excludes a cross certificate',
      { own: having([basicConstraints(booleanTrue(), integer(0))], [OID.basicConstraints]) },
      /^has pathLenConstraint 0: .* cannot cross-sign a later version$/,
    ],
    [
      'that it has a subject that kubeadm does not give',
      { own: { subject: nameOf([OID.organizationName, directoryString('Example')]) } },
      /^has the subject "?O=Example"?, not CN=kubernetes: new nodes have to be given its hash$/,
    ],
    [
      'that name constraints limit its leaf certificates',
      { own: having([constrained(excluded(dns('.example.org')))]) },
      /^has nameConstraints: no client or server accepts/,
    ],
    [
      'that a certificate above it ends first',
      { by: new CorporateRoot({ root: { notAfter: days(800) } }) },
      new RegExp(`^is below CN=${ROOT_NAME}, which expires at .*, before what it has issued`),
    ],
  ])('%s', (_, one, text) => {
    expect(refusals(one)).toEqual([]);
    expect(warnings(one)).toEqual([expect.stringMatching(text)]);
  });

  it('nothing about usages that are all that its leaf certificates need', () => {
    expect(lint({ own: having([usages('serverAuth', 'clientAuth')]) })).toEqual([]);
    const client = having([usages('clientAuth')]);
    expect(lint({ ca: 'front-proxy-ca', own: client })).toEqual([]);
  });
});

describe('refuses, and says what to ask for,', () => {
  it.each<[string, Case, RegExp]>([
    [
      'a certificate for another key',
      { publicKey: spkiOf(other) },
      /^has a public key that is not that of .*: ask for a certificate for the CSR of this CA$/,
    ],
    [
      'CA:FALSE',
      { own: having([basicConstraints()], [OID.basicConstraints]) },
      /^has basicConstraints CA:FALSE.*: ask for basicConstraints critical, CA:TRUE$/,
    ],
    [
      'no basicConstraints',
      { own: having([], [OID.basicConstraints]) },
      /^has no basicConstraints.*: ask for basicConstraints/,
    ],
    [
      'a negative pathLenConstraint',
      { own: having([basicConstraints(booleanTrue(), integer(0xff))], [OID.basicConstraints]) },
      /^has a negative pathLenConstraint: ask for/,
    ],
    [
      'keyUsage without keyCertSign',
      { own: having([keyUsage(0, 6)], [OID.keyUsage]) },
      /^has a keyUsage without keyCertSign: ask for keyUsage keyCertSign and cRLSign$/,
    ],
    [
      'no keyUsage',
      { own: having([], [OID.keyUsage]) },
      /^has no keyUsage: ask for keyUsage keyCertSign and cRLSign$/,
    ],
    [
      'no subjectKeyIdentifier',
      { own: having([], [OID.subjectKeyIdentifier]) },
      /^has no subjectKeyIdentifier: ask for the subjectKeyIdentifier of the CSR$/,
    ],
    [
      'usages that its servers need more than',
      { own: having([usages('serverAuth')]) },
      /^has an extKeyUsage without clientAuth, .*: ask for a certificate without extKeyUsage, or with serverAuth and clientAuth$/,
    ],
    [
      'any usage, which OpenSSL does not take for each',
      { own: having([usages('anyExtendedKeyUsage')]) },
      /^has an extKeyUsage without serverAuth, clientAuth/,
    ],
    [
      'usages of a front proxy without clientAuth',
      { ca: 'front-proxy-ca', own: having([usages('serverAuth')]) },
      /^has an extKeyUsage without clientAuth, .*, or with clientAuth$/,
    ],
    [
      'name constraints without the names of the API server',
      { own: having([constrained(permitted(dns('.example.org')))]) },
      /^has nameConstraints that exclude kubernetes, .*: ask for a certificate without nameConstraints$/,
    ],
    [
      'name constraints that Go cannot evaluate',
      { own: having([constrained(permitted(directory()))]) },
      /^has nameConstraints for directoryName, .*: ask for/,
    ],
    [
      'a critical extension that nobody knows',
      { own: having([extension('1.2.3.4', octetString(Uint8Array.of(1)), true)]) },
      /^has critical extensions .* 1\.2\.3\.4: ask for a certificate without them$/,
    ],
    [
      'policies that leaf certificates would need',
      {
        own: having([
          extension(OID.policyConstraints, sequence(contextPrimitive(0, Uint8Array.of(0)))),
        ]),
      },
      /^has policyConstraints: .*: ask for/,
    ],
    [
      'less than thirty days',
      { own: { notAfter: days(29.5) } },
      /^expires at .*, in 29 days; .*: ask for a certificate that is valid for years/,
    ],
    ['a date in the past', { own: { notAfter: days(-1) } }, /^expired at .*: ask for/],
    [
      'a date in the future',
      { own: { notBefore: days(1), notAfter: days(900) } },
      /^is not valid before .*: ask for/,
    ],
    [
      'a negative serial number',
      { own: { serialNumber: Uint8Array.of(0x80) } },
      /^has a negative serial number.*: ask for a positive serial number$/,
    ],
    [
      'the name of another CA',
      { own: { subject: commonNameOf('etcd-ca') } },
      /^has the name of another CA, CN=etcd-ca.*: ask for a certificate with the subject of the CSR$/,
    ],
    [
      'a signature with SHA-1',
      { own: { signature: ecdsaWithSha1, hash: 'sha1' } },
      /^has a chain in which CN=kubernetes is signed with ECDSA with SHA-1, .*: ask for a signature with SHA-256/,
    ],
  ])('%s', (_, one, text) => {
    expect(refusals(one)).toEqual([expect.stringMatching(text)]);
  });

  it('a self-signed certificate, such as the root itself', () => {
    const own = {
      signer: corporate.rootKeys,
      keys: corporate.rootKeys,
      subject: commonNameOf(ROOT_NAME),
      issuer: commonNameOf(ROOT_NAME),
      extensions: extensionsBelow(corporate.rootKeys, corporate.rootKeys),
    };
    expect(refusals({ own, publicKey: spkiOf(corporate.rootKeys) })).toEqual([
      expect.stringMatching(/^is self-signed: give the certificate that the corporate CA issued/),
    ]);
  });

  it('a key that is not for CAs', () => {
    const p521 = newEcKeys('secp521r1');
    const own = { keys: p521, extensions: extensionsBelow(p521, corporate.issuingKeys) };
    expect(refusals({ own, publicKey: spkiOf(p521) })).toEqual([
      expect.stringMatching(/^has a key that the service cannot use: curve P-521/),
    ]);
  });

  it('everything at once', () => {
    const own = {
      ...having([keyUsage(0), usages('clientAuth')], [OID.keyUsage, OID.subjectKeyIdentifier]),
      notAfter: days(10),
    };
    const by = new CorporateRoot({ root: { notAfter: days(20) } });
    const signed = { ...own, signer: by.issuingKeys };
    expect(refusals({ own: signed, by, publicKey: spkiOf(other) }).length).toBeGreaterThanOrEqual(
      6,
    );
  });
});

const shortPath = (length: number) =>
  new CorporateRoot({
    root: { keys: other, extensions: extensionsBelow(other, other, pathLength(length)) },
  });
const pathLength = (length: number) => ({
  without: [OID.basicConstraints],
  more: [basicConstraints(booleanTrue(), integer(length))],
});
/** A root whose own certificate has other extensions. */
const rootHaving = (more: Uint8Array[], without: string[] = []) =>
  new CorporateRoot({
    root: { keys: other, extensions: extensionsBelow(other, other, { without, more }) },
  });

describe('refuses a chain', () => {
  const belowRoot = (text: string) =>
    new RegExp(
      `^is below CN=${ROOT_NAME}, which ${text}.*: ask for a certificate whose chain does not contain it$`,
    );

  it.each<[string, Case, RegExp]>([
    ['that is missing', { chain: () => [] }, /^has no chain: give the certificates above it/],
    [
      'without the root',
      { chain: ({ issuing }) => [issuing] },
      new RegExp(`^has a chain that ends with CN=${ISSUING_NAME}, which is not a self-signed root`),
    ],
    [
      'in another order',
      { chain: ({ root, issuing }) => [root, issuing] },
      /^has a chain in which .* follows CN=kubernetes, .*: put each certificate before that of its issuer/,
    ],
    [
      "that begins with the CA's own certificate",
      { chain: ({ chain }, own) => [own, ...chain] },
      /^has a chain in which CN=kubernetes follows CN=kubernetes, .*leave out the CA's own$/,
    ],
    [
      'of another CA with the same names',
      { chain: () => new CorporateRoot().chain },
      /^has a chain in which the signature of CN=kubernetes does not verify with the key of CN=/,
    ],
    [
      'that is too long',
      { chain: ({ issuing, root }) => [...Array.from({ length: 5 }, () => issuing), root] },
      /^has 6 certificates above it; at most 5/,
    ],
    [
      'that is too large for a TLS handshake',
      { by: rootHaving([extension('1.2.3.4', octetString(new Uint8Array(17_000)))]) },
      /^has a chain of \d+ bytes of DER; at most 16384/,
    ],
    [
      'whose root permits no CA below it',
      { by: shortPath(0) },
      belowRoot('has pathLenConstraint 0, and 2 CA certificates are below it'),
    ],
    [
      'whose root permits one CA below it',
      { by: shortPath(1) },
      belowRoot('has pathLenConstraint 1, and 2 CA certificates are below it'),
    ],
    [
      'whose root has expired',
      { by: new CorporateRoot({ root: { notAfter: days(-1) } }) },
      belowRoot('expired at'),
    ],
    [
      'whose root has CA:FALSE',
      { by: rootHaving([basicConstraints()], [OID.basicConstraints]) },
      belowRoot('has basicConstraints CA:FALSE'),
    ],
    [
      'whose root cannot sign certificates',
      { by: rootHaving([keyUsage(0)], [OID.keyUsage]) },
      belowRoot('has a keyUsage without keyCertSign'),
    ],
    [
      'whose root lacks a usage',
      { by: rootHaving([usages('clientAuth')]) },
      belowRoot('has an extKeyUsage without serverAuth'),
    ],
    [
      'whose root excludes names',
      { by: rootHaving([constrained(excluded(dns('kubernetes')))]) },
      belowRoot('has nameConstraints that exclude kubernetes'),
    ],
    [
      'whose root needs policies',
      { by: rootHaving([extension(OID.policyConstraints, sequence())]) },
      belowRoot('has policyConstraints'),
    ],
    [
      'whose root has an unknown critical extension',
      { by: rootHaving([extension('1.2.3.4', octetString(Uint8Array.of(1)), true)]) },
      belowRoot('has critical extensions'),
    ],
    [
      'whose root has a negative serial number',
      { by: new CorporateRoot({ root: { serialNumber: Uint8Array.of(0xff) } }) },
      belowRoot('has a negative serial number'),
    ],
  ])('%s', (_, one, text) => {
    expect(refusals(one)).toEqual([expect.stringMatching(text)]);
  });

  it('with an RSA key of 1024 bits above, which OpenSSL refuses', () => {
    const weak = newRsaKeys(1024);
    const by = new CorporateRoot({
      root: { keys: weak, signature: rsaWithSha256, extensions: extensionsBelow(weak, weak) },
      issuing: { signature: rsaWithSha256 },
    });
    expect(refusals({ by })).toEqual([
      expect.stringMatching(/^is below CN=.*, which has a key that .* refuses: rsa 1024: ask for/),
    ]);
  });

  it('that ends with a root whose own signature does not verify', () => {
    const by = new CorporateRoot({ root: { signer: other } });
    expect(refusals({ by })).toEqual([expect.stringMatching(/^has a chain that ends with CN=/)]);
  });

  it.each<[string, Uint8Array[]]>([
    ['another key', [contextPrimitive(0, Buffer.alloc(20, 1))]],
    ['another serial number', [contextPrimitive(2, Uint8Array.of(10))]],
    ['another issuer', [context(1, context(4, commonNameOf('Another Root')))]],
  ])('in which the certificate names %s, not that which has signed', (_, fields) => {
    const [tag] = fields[0] ?? [];
    const more = tag === 0x80 ? [] : [keyIdentifierField(corporate.issuingKeys)];
    const misnamed = extension(OID.authorityKeyIdentifier, sequence(...more, ...fields));
    const own = { extensions: usualExtensions(keys, { more: [misnamed] }) };
    expect(refusals({ own })).toEqual([
      expect.stringMatching(/^has a chain in which the authorityKeyIdentifier of CN=kubernetes/),
    ]);
  });

  it('not because of how the certificate names the right key', () => {
    const fields = [
      keyIdentifierField(corporate.issuingKeys),
      context(1, context(4, commonNameOf(ROOT_NAME))),
      contextPrimitive(2, Uint8Array.of(9)),
    ];
    const named = extension(OID.authorityKeyIdentifier, sequence(...fields));
    expect(lint({ own: { extensions: usualExtensions(keys, { more: [named] }) } })).toEqual([]);
  });
});

describe('refuses what OpenSSL parses and Go does not, in the CA and above it:', () => {
  const at = (tag: number, text: string) => element(tag, Buffer.from(text));
  const names = (...all: Uint8Array[]) => extension(OID.subjectAltName, sequence(...all));
  const point = Buffer.from(spkiOf(other));
  const x = point.subarray(-64, -32);
  const compressed = sequence(
    sequence(oid(OID.ecPublicKey), oid(OID.prime256v1)),
    bitString(Uint8Array.of(2 + ((point.at(-1) ?? 0) & 1), ...x)),
  );

  it.each<[string, Partial<CaCertificateParts> | Uint8Array, RegExp]>([
    ['version 2', { version: 'v2' }, /is a certificate of version 2, not 3/],
    ['version 4', { version: 'v4' }, /is a certificate of version 4, not 3/],
    [
      'a serial number of 21 octets',
      { serialNumber: new Uint8Array(21).fill(1) },
      /has a serial number of more than 20 octets/,
    ],
    [
      'a date with an offset',
      { validity: sequence(at(0x17, '200101000000+0000'), at(0x18, '20400101000000Z')) },
      /has a date that is not in DER: 200101000000\+0000/,
    ],
    [
      'a date with a fraction',
      { validity: sequence(at(0x18, '20200101000000.5Z'), at(0x18, '20400101000000Z')) },
      /has a date that is not in DER: 20200101000000\.5Z/,
    ],
    [
      'a date with characters that control a terminal',
      { validity: sequence(at(0x17, '\x1b[2J0101000000Z'), at(0x18, '20400101000000Z')) },
      /has a date that is not in DER: \\u001b\[2J0101000000Z/,
    ],
    [
      'name constraints without any',
      constrained(),
      /has nameConstraints that Kubernetes cannot read/,
    ],
    [
      'name constraints with a mask that has holes',
      constrained(
        excluded(sequence(contextPrimitive(7, Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0)))),
      ),
      /has nameConstraints that Kubernetes cannot read/,
    ],
    [
      'name constraints with an empty label',
      constrained(excluded(dns('a..example.org'))),
      /has nameConstraints that Kubernetes cannot read/,
    ],
    [
      'a subjectAltName with an address of 5 octets',
      names(contextPrimitive(7, new Uint8Array(5))),
      /has a subjectAltName that Kubernetes cannot read/,
    ],
    [
      'a critical subjectAltName with a directoryName alone',
      extension(OID.subjectAltName, sequence(context(4, commonNameOf('x'))), true),
      /has a critical subjectAltName without a name/,
    ],
    [
      'the same policy twice',
      extension(
        OID.certificatePolicies,
        sequence(sequence(oid('1.2.3.4')), sequence(oid('1.2.3.4'))),
      ),
      /has certificatePolicies that Kubernetes cannot read/,
    ],
    [
      'a CRL at a name that is relative to its issuer',
      extension(OID.crlDistributionPoints, sequence(sequence(context(0, context(1))))),
      /has cRLDistributionPoints that Kubernetes cannot read/,
    ],
    [
      'an access method that is no OID',
      extension(OID.authorityInfoAccess, sequence(sequence(integer(1)))),
      /has authorityInfoAccess that Kubernetes cannot read/,
    ],
    [
      'policy mappings that map nothing',
      extension(OID.policyMappings, sequence(sequence(oid('1.2.3.4')))),
      /has policyMappings that Kubernetes cannot read/,
    ],
    [
      'a huge inhibitAnyPolicy',
      extension(OID.inhibitAnyPolicy, integer(1, 0, 0, 0, 0, 0, 0, 0, 0)),
      /has inhibitAnyPolicy that Kubernetes cannot read/,
    ],
    ...['foo://a..b/', 'http://example.com./', 'http://example.com/%zz', 'http://%41/'].map(
      (uri): [string, Uint8Array, RegExp] => [
        `the URI ${uri}`,
        names(contextPrimitive(6, Buffer.from(uri))),
        /has a subjectAltName that Kubernetes cannot read/,
      ],
    ),
  ])('%s', (_, what, text) => {
    const changes = what instanceof Uint8Array ? {} : what;
    const more = what instanceof Uint8Array ? [what] : [];
    const own = { ...having(more), ...changes };
    expect(refusals({ own }).join('\n')).toMatch(text);
    const extensions = extensionsBelow(other, other, { more });
    const by = new CorporateRoot({ root: { keys: other, extensions, ...changes } });
    expect(refusals({ by }).join('\n')).toMatch(text);
  });

  it.each<[string, Uint8Array]>([
    ['PrintableString with @', at(0x13, 'ca@example.com')],
    ['PrintableString with _', at(0x13, 'Example_Root')],
    ['UTF8String with a byte that UTF-8 does not have', element(0x0c, Uint8Array.of(0x41, 0xff))],
    ['UniversalString', element(0x1c, Uint8Array.of(0, 0, 0, 0x41))],
    ['BMPString of odd length', element(0x1e, Uint8Array.of(0, 0x41, 0x42))],
  ])('a name in %s', (_, value) => {
    const name = nameOf([OID.organizationName, value]);
    const by = new CorporateRoot({
      root: { subject: name },
      issuing: { issuer: name },
    });
    expect(refusals({ by }).join('\n')).toMatch(/has a name with O in an encoding|cannot be read/);
    expect(refusals({ by })).not.toEqual([]);
    expect(refusals({ own: { subject: name } })).not.toEqual([]);
  });

  it.each<[string, Uint8Array, string]>([
    [
      'a keyUsage whose unused bits are set',
      extension(OID.keyUsage, element(3, Uint8Array.of(3, 7)), true),
      OID.keyUsage,
    ],
    [
      'a path length that is not in its shortest form',
      basicConstraints(booleanTrue(), integer(0, 5)),
      OID.basicConstraints,
    ],
  ])('%s', (_, changed, id) => {
    const text = /has (keyUsage|basicConstraints) that Kubernetes cannot read/;
    expect(refusals({ own: having([changed], [id]) }).join('\n')).toMatch(text);
    const extensions = extensionsBelow(other, other, { more: [changed], without: [id] });
    const by = new CorporateRoot({ root: { keys: other, extensions } });
    expect(refusals({ by }).join('\n')).toMatch(text);
  });

  it('an RSA key without parameters', () => {
    const rsa = newRsaKeys(2048);
    const key = rsa.publicKey.export({ type: 'pkcs1', format: 'der' });
    const spki = sequence(sequence(oid(OID.rsaEncryption)), bitString(new Uint8Array(key)));
    const by = new CorporateRoot({ issuing: { keys: rsa, spki } });
    const signed = { signature: rsaWithSha256, signatureAlgorithm: rsaWithSha256 };
    const own = {
      ...signed,
      extensions: extensionsBelow(keys, rsa),
    };
    expect(refusals({ by, own }).join('\n')).toMatch(/has an RSA key without NULL/);
  });

  it('but not what both parse', () => {
    const uris = ['http://pki.example.com/a%20b', 'urn:uuid:1-2', 'spiffe://example.com/ca'];
    const both = [
      names(...uris.map((uri) => contextPrimitive(6, Buffer.from(uri)))),
      extension(
        OID.crlDistributionPoints,
        sequence(
          sequence(
            context(0, context(0, contextPrimitive(6, Buffer.from('http://crl.example.com/1')))),
          ),
          sequence(context(2, contextPrimitive(6, Buffer.from('http://example.com')))),
        ),
      ),
      extension(
        OID.authorityInfoAccess,
        sequence(
          sequence(oid('1.3.6.1.5.5.7.48.1'), contextPrimitive(6, Buffer.from('http://ocsp'))),
        ),
      ),
      extension(OID.policyMappings, sequence(sequence(oid('1.2.3.4'), oid('1.2.3.5')))),
      extension(OID.inhibitAnyPolicy, integer(0)),
    ];
    expect(refusals({ own: having(both) })).toEqual([]);
  });

  it('a compressed EC key', () => {
    const by = new CorporateRoot({ root: { keys: other, spki: compressed } });
    expect(refusals({ by }).join('\n')).toMatch(/has a compressed EC key/);
  });

  it('an RSA key with exponent 1, with which everything is signed', () => {
    const { publicKey } = newRsaKeys(2048);
    const { n = '' } = publicKey.export({ format: 'jwk' });
    const one = sequence(
      sequence(oid(OID.rsaEncryption), derNull()),
      bitString(sequence(integer(0, ...Buffer.from(n, 'base64url')), integer(1))),
    );
    const by = new CorporateRoot({ issuing: { spki: one } });
    expect(refusals({ by })).not.toEqual([]);
  });
});

describe('of what OpenSSL requires with -x509_strict, and Python 3.13 by default,', () => {
  const lax = extension(OID.basicConstraints, sequence(booleanTrue()));
  const unnamed = extension(OID.authorityKeyIdentifier, sequence());
  type Omission = [name: string, more: Uint8Array[], without: string, text: string];
  const ofEveryCa: Omission[] = [
    [
      'basicConstraints that are critical',
      [lax],
      OID.basicConstraints,
      'has basicConstraints that are not critical',
    ],
    ['keyUsage', [], OID.keyUsage, 'has no keyUsage'],
    ['subjectKeyIdentifier', [], OID.subjectKeyIdentifier, 'has no subjectKeyIdentifier'],
    [
      'a name in a subjectAltName',
      [extension(OID.subjectAltName, sequence())],
      OID.subjectAltName,
      'has a subjectAltName without names',
    ],
  ];
  const noKeyNamed = 'has no authorityKeyIdentifier with a keyIdentifier';
  const ofIssued: Omission[] = [
    ...ofEveryCa,
    ['authorityKeyIdentifier', [], OID.authorityKeyIdentifier, noKeyNamed],
    [
      'keyIdentifier in the authorityKeyIdentifier',
      [unnamed],
      OID.authorityKeyIdentifier,
      noKeyNamed,
    ],
  ];
  const lacking = (own: KeyPair, issuer: KeyPair, [, more, without]: Omission) => [
    ...extensionsBelow(own, issuer).filter((der) => !hasId(der, without)),
    ...more,
  ];
  const hasId = (der: Uint8Array, id: string) => Buffer.from(der).includes(Buffer.from(oid(id)));

  /** Both, of the whole chain: what OpenSSL says about it with its strict rules, and without them. */
  function judge({ own = {}, by = corporate }: Case) {
    const item = {
      name: 'the CA',
      certificate: certificateToPem(by.certify(spkiOf(keys), 'kubernetes', FROM, { ...own })),
      intermediates: certificateToPem(by.issuing),
      roots: certificateToPem(by.root),
      usage: 'any' as const,
    };
    const judgements = judgeWithOpenssl([item, { ...item, lenient: true }], NOW);
    return judgements.map(({ ok }) => ok);
  }

  const onlyStrictRefuse = [false, true];

  it.each(ofIssued)('refuses a CA without %s', (...omission) => {
    const one = { own: { extensions: lacking(keys, corporate.issuingKeys, omission) } };
    expect(judge(one)).toEqual(onlyStrictRefuse);
    expect(refusals(one)).toEqual([expect.stringMatching(`^${omission[3]}: ask for `)]);
  });

  it.each(ofIssued)('refuses a CA above it without %s', (...omission) => {
    const issuing = { keys: issuingKeys, extensions: lacking(issuingKeys, other, omission) };
    const by = new CorporateRoot({ root: { keys: other }, issuing });
    const own = { extensions: extensionsBelow(keys, issuingKeys) };
    expect(judge({ by, own })).toEqual(onlyStrictRefuse);
    expect(refusals({ by, own })).toEqual([
      expect.stringMatching(
        `^is below CN=${ISSUING_NAME}, which ${omission[3]}, so strict clients refuse it: ask for `,
      ),
    ]);
  });

  it.each(ofEveryCa)('names a root without %s, which cannot be changed', (...omission) => {
    const by = new CorporateRoot({
      root: { keys: other, extensions: lacking(other, other, omission) },
    });
    const own = { extensions: extensionsBelow(keys, by.issuingKeys) };
    expect(judge({ by, own })).toEqual(onlyStrictRefuse);
    expect(lint({ by, own })).toEqual([
      {
        level: 'accepts',
        text: `is below CN=${ROOT_NAME}, which ${omission[3]}, so strict clients that verify up to the root refuse it, such as Python 3.13 and later`,
      },
    ]);
  });

  it('a root needs no authorityKeyIdentifier', () => {
    const by = new CorporateRoot({ root: { keys: other, extensions: usualExtensions(other) } });
    const own = { extensions: extensionsBelow(keys, by.issuingKeys) };
    expect(judge({ by, own })).toEqual([true, true]);
    expect(lint({ by, own })).toEqual([]);
  });
});

describe('refuses a chain that', () => {
  it('has the root twice, or another root in the middle', () => {
    const older = new CorporateRoot({
      root: { keys: corporate.rootKeys, serialNumber: Uint8Array.of(3) },
    });
    for (const first of [corporate.root, older.root])
      expect(refusals({ chain: ({ issuing, root }) => [issuing, first, root] })).toEqual([
        expect.stringMatching(/is self-signed, and is not the last: give one root, once$/),
      ]);
  });

  it('has the name of the CA above it', () => {
    const name = commonNameOf('kubernetes');
    const by = new CorporateRoot({ root: { subject: name }, issuing: { issuer: name } });
    expect(refusals({ by })).toEqual([expect.stringMatching(/has a chain with its own subject/)]);
  });
});

describe('RSASSA-PSS', () => {
  const rsa = newRsaKeys(2048);
  const hashes = { sha256: [OID.sha256, 32], sha1: [OID.sha1, 20] } as const;
  /** AlgorithmIdentifier (RFC 4055 section 3.1). */
  const pss = (hash: keyof typeof hashes, saltLength: number = hashes[hash][1]) => {
    const [id] = hashes[hash];
    const named = sequence(oid(id), derNull());
    const parameters = sequence(
      context(0, named),
      context(1, sequence(oid('1.2.840.113549.1.1.8'), named)),
      context(2, integer(saltLength)),
    );
    return {
      hash,
      signature: sequence(oid(OID.rsassaPss), parameters),
      padding: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
    };
  };
  const by = new CorporateRoot({
    root: { keys: other },
    issuing: { keys: rsa, extensions: extensionsBelow(rsa, other) },
  });
  const below = (hash: keyof typeof hashes, salt?: number) => ({
    by,
    own: { ...pss(hash, salt), extensions: extensionsBelow(keys, rsa) },
  });

  it('with SHA-256 is taken', () => {
    expect(lint(below('sha256'))).toEqual([]);
  });

  it('with a salt that Go does not read is refused', () => {
    expect(refusals(below('sha256', 20))).toEqual([
      expect.stringMatching(/is signed with .*, which Go or OpenSSL refuses/),
    ]);
  });

  it('with SHA-1 is refused', () => {
    expect(refusals(below('sha1'))).toEqual([
      expect.stringMatching(/is signed with SHA-1, which Go or OpenSSL refuses/),
    ]);
  });
});

it('the root may be signed with SHA-1, which nobody verifies', () => {
  const by = new CorporateRoot({ root: { signature: ecdsaWithSha1, hash: 'sha1' } });
  expect(lint({ by })).toEqual([]);
});

it('what cannot be read is refused with the reason', () => {
  const certificate = Uint8Array.from([0x30, 0x00]);
  const [finding, ...more] = lintSubordinate(
    'ca',
    { certificate, chain: [], publicKey: undefined },
    NOW,
  );
  expect([finding?.level, more]).toEqual(['refuses', []]);
  expect(finding?.text).toMatch(/^cannot be read: /);
});

it('refuses a certificate or a chain in which any octet was changed', () => {
  const all = [corporate.certify(spkiOf(keys), 'kubernetes', FROM), ...corporate.chain];
  const taken: string[] = [];
  for (const [n, original] of all.entries())
    for (let at = n; at < original.length; at += 5) {
      const changed = all.map((der) => Uint8Array.from(der));
      const [certificate = original, ...chain] = changed;
      const octets = changed[n] ?? original;
      octets[at] = (octets[at] ?? 0) ^ 0x01;
      const findings = lintSubordinate('ca', { certificate, chain, publicKey: spkiOf(keys) }, NOW);
      if (findings.every(({ level }) => level === 'accepts')) taken.push(`${n}: ${at}`);
    }
  expect(taken).toEqual([]);
});

describe('reads', () => {
  const certificate = certificateToPem(corporate.certify(spkiOf(keys), 'kubernetes', FROM));
  const chain = corporate.chainPem;

  it('PEM with text around it and line endings of Windows', () => {
    const dressed = (pem: string) => `subject=CN=x\r\n${pem.replaceAll('\n', '\r\n')}`;
    const read = readSubordinate({ certificate: dressed(certificate), chain: dressed(chain) });
    expect(read).toEqual(readSubordinate({ certificate, chain }));
    expect(read).toMatchObject({ chain: corporate.chain.map((der) => Uint8Array.from(der)) });
  });

  it.each([
    ['no certificate', { certificate: '', chain }, 'is not one certificate in PEM'],
    [
      'several',
      { certificate: certificate + chain, chain },
      /^is one of 3 in its file: give that of the CA alone/,
    ],
    [
      'a chain that hides a block',
      { certificate, chain: `${chain}-----BEGIN X-----\n` },
      /^has a chain that contains something other than/,
    ],
    [
      'a truncated certificate',
      { certificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', chain },
      /^cannot be read: /,
    ],
  ])('not %s', (_, given, problem) => {
    expect(readSubordinate(given)).toEqual(expect.stringMatching(problem));
  });
});
