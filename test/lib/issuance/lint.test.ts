/**
 * The lint refuses every draft that differs from the intended fields, including three defects that no external judge
 * finds: a leaf certificate that outlives its CA, a keyUsage that is not critical, an otherName.
 */

import { readFileSync } from 'node:fs';
import { type IssuingCa, issuingCa } from '../../../lib/ca/issuing-ca.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { OID } from '../../../lib/der/oids.ts';
import { type Element, readDer, readOid } from '../../../lib/der/read.ts';
import * as der from '../../../lib/der/write.ts';
import type { CertificateFields } from '../../../lib/issuance/certificate-fields.ts';
import { lint } from '../../../lib/issuance/lint.ts';
import { writeTbsCertificate } from '../../../lib/issuance/tbs-certificate.ts';
import { InMemoryService } from '../../support/in-memory-service.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';

const csr = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256').csrs.find(
  (c) => c.certificateName === 'apiserver',
);

async function intended(): Promise<{ fields: CertificateFields; ca: IssuingCa }> {
  const { document } = await InMemoryService.open();
  const { request } = readRequest(readFileSync(csr?.file ?? ''));
  if (!request) throw new Error('the fixture is refused');
  const fields: CertificateFields = {
    serialNumber: Uint8Array.of(1, ...Buffer.alloc(16, 7)),
    notBefore: new Date('2026-11-24T12:00:00Z'),
    notAfter: new Date('2027-11-24T12:00:00Z'),
    subject: request.subject,
    names: request.names,
    publicKey: request.key.spki,
    keyAlgorithm: request.key.algorithm,
    extendedKeyUsages: ['serverAuth'],
  };
  return { fields, ca: issuingCa(document, 'ca') };
}

it('accepts a draft that has the intended fields', async () => {
  const { fields, ca } = await intended();
  const tbs = writeTbsCertificate(fields, ca);
  expect(lint(tbs, fields, ca)).toEqual({ tbs, findings: [] });
});

it.each<[string, Partial<CertificateFields>]>([
  ['another serial number', { serialNumber: Uint8Array.of(1, 2, 3) }],
  ['another start', { notBefore: new Date('2026-11-24T12:00:01Z') }],
  ['another end', { notAfter: new Date('2027-11-24T12:00:01Z') }],
  ['an end after 2049, in the other form of time', { notAfter: new Date('2051-11-24T12:00:01Z') }],
  ['another common name', { subject: { commonName: 'kubernetes-admin', organizations: [] } }],
  [
    'an additional organization',
    { subject: { commonName: 'kube-apiserver', organizations: ['system:masters'] } },
  ],
  ['an additional name', { names: [{ type: 'DNS', value: 'evil.example.com' }] }],
  ['no names', { names: [] }],
  ['an additional usage', { extendedKeyUsages: ['serverAuth', 'clientAuth'] }],
  ['keyEncipherment', { keyAlgorithm: 'RSA' }],
])('refuses a draft with %s', async (_, change) => {
  const { fields, ca } = await intended();
  const tbs = writeTbsCertificate({ ...fields, ...change }, ca);
  expect(lint(tbs, fields, ca)).toEqual({ findings: expect.arrayContaining([expect.any(String)]) });
});

it.each<[string, Partial<CertificateFields>, string]>([
  ['outlives its CA', { notAfter: new Date('2040-01-01T00:00:00Z') }, 'outlives its CA'],
  ['begins before its CA', { notBefore: new Date('2020-01-01T00:00:00Z') }, 'valid before its CA'],
  [
    'ends before it begins',
    { notAfter: new Date('2026-11-24T11:59:00Z') },
    'validity ends before it begins',
  ],
  [
    'has a serial number of 21 octets',
    { serialNumber: Uint8Array.of(1, ...Buffer.alloc(20, 7)) },
    'too long',
  ],
  ['has serial number 0', { serialNumber: Uint8Array.of(0) }, 'not positive'],
  [
    'is for servers and has no names',
    { names: [] },
    'server certificates have subject alternative names',
  ],
  [
    'is for clients and has names',
    { extendedKeyUsages: ['clientAuth'] },
    'client certificates do not',
  ],
  ['has no extended key usage', { extendedKeyUsages: [] }, 'no extended key usage'],
])('refuses intended fields if the certificate %s', async (_, change, finding) => {
  const { fields, ca } = await intended();
  const wrong = { ...fields, ...change };
  const { findings } = lint(writeTbsCertificate(wrong, ca), wrong, ca);
  expect(findings.join('; ')).toContain(finding);
});

const critical = (oid: string, value: Uint8Array) =>
  der.sequence(der.oid(oid), der.booleanTrue(), der.octetString(value));
const plain = (oid: string, value: Uint8Array) =>
  der.sequence(der.oid(oid), der.octetString(value));
const otherName = der.context(
  0,
  der.oid('1.3.6.1.4.1.311.20.2.3'),
  der.context(0, der.directoryString('root')),
);

/** Replaces or removes one extension of the valid draft, or adds one after it. */
it.each<[string, string, (old: Uint8Array) => Uint8Array[]]>([
  [
    'a keyUsage that is not critical',
    OID.keyUsage,
    () => [plain(OID.keyUsage, der.namedBits([0]))],
  ],
  [
    'a keyUsage with keyCertSign',
    OID.keyUsage,
    () => [critical(OID.keyUsage, der.namedBits([0, 5]))],
  ],
  ['no keyUsage', OID.keyUsage, () => []],
  [
    'basicConstraints that are not critical',
    OID.basicConstraints,
    () => [plain(OID.basicConstraints, der.sequence())],
  ],
  [
    'CA:TRUE',
    OID.basicConstraints,
    () => [critical(OID.basicConstraints, der.sequence(der.booleanTrue()))],
  ],
  ['no basicConstraints', OID.basicConstraints, () => []],
  ['an otherName', OID.subjectAltName, () => [plain(OID.subjectAltName, der.sequence(otherName))]],
  ['subjectAltName twice', OID.subjectAltName, (old) => [old, old]],
  [
    'a critical subjectAltName',
    OID.subjectAltName,
    (old) => [critical(OID.subjectAltName, contentOf(old))],
  ],
  [
    'anyExtendedKeyUsage',
    OID.extKeyUsage,
    () => [plain(OID.extKeyUsage, der.sequence(der.oid('2.5.29.37.0')))],
  ],
  ['no authorityKeyIdentifier', OID.authorityKeyIdentifier, () => []],
  [
    'another authorityKeyIdentifier',
    OID.authorityKeyIdentifier,
    () => [
      plain(OID.authorityKeyIdentifier, der.sequence(der.contextPrimitive(0, Buffer.alloc(20)))),
    ],
  ],
  [
    'another subjectKeyIdentifier',
    OID.subjectKeyIdentifier,
    () => [plain(OID.subjectKeyIdentifier, der.octetString(Buffer.alloc(20)))],
  ],
  ['an unintended extension', OID.subjectAltName, (old) => [old, plain('1.2.3.4', der.derNull())]],
])('refuses a draft with %s', async (_, oid, replace) => {
  const { fields, ca } = await intended();
  const tbs = withExtension(writeTbsCertificate(fields, ca), oid, replace);
  expect(lint(tbs, fields, ca)).toEqual({ findings: expect.arrayContaining([expect.any(String)]) });
});

it.each<[string, (fields: Element[]) => Uint8Array[]]>([
  ['of version 1', (fields) => fields.slice(1).map(({ raw }) => raw)],
  ['with another issuer', (fields) => fields.map(({ raw }, i) => (i === 3 ? der.sequence() : raw))],
  [
    'with another signature algorithm',
    (fields) =>
      fields.map(({ raw }, i) => (i === 2 ? der.sequence(der.oid(OID.ecdsaWithSHA384)) : raw)),
  ],
  [
    'with an issuerUniqueID',
    (fields) =>
      fields.flatMap(({ raw }, i) =>
        i === 7 ? [der.contextPrimitive(1, Uint8Array.of(0, 1)), raw] : [raw],
      ),
  ],
  [
    'with something after the extensions',
    (fields) => [...fields.map(({ raw }) => raw), der.derNull()],
  ],
])('refuses a draft %s', async (_, change) => {
  const { fields, ca } = await intended();
  const tbs = der.sequence(...change(readDer(writeTbsCertificate(fields, ca), 'tbs').children()));
  expect(lint(tbs, fields, ca)).toEqual({ findings: expect.arrayContaining([expect.any(String)]) });
});

it('refuses bytes after the draft', async () => {
  const { fields, ca } = await intended();
  const tbs = Buffer.concat([writeTbsCertificate(fields, ca), Buffer.from([0])]);
  expect(lint(tbs, fields, ca).findings.join('; ')).toContain('after the end');
});

function withExtension(tbs: Uint8Array, oid: string, replace: (old: Uint8Array) => Uint8Array[]) {
  const fields = readDer(tbs, 'tbs').children();
  const list = fields.at(-1)?.children()[0]?.children() ?? [];
  const extensions = list.flatMap((extension) => {
    const [id] = extension.children();
    return id && readOid(id) === oid ? replace(extension.raw) : [extension.raw];
  });
  const before = fields.slice(0, -1).map(({ raw }) => raw);
  return der.sequence(...before, der.context(3, der.sequence(...extensions)));
}

function contentOf(extension: Uint8Array): Uint8Array {
  return readDer(extension, 'extension').children().at(-1)?.content ?? new Uint8Array();
}

describe('subjects with characters that have a meaning in text', () => {
  const ASCII = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i));
  const SPECIAL = [...'#,+"\\<>;= a'];
  const pairs = SPECIAL.flatMap((first) => SPECIAL.map((second) => first + second));

  it('are accepted, whether they are one character or two', async () => {
    const { fields, ca } = await intended();
    const refused = [...ASCII, ...pairs].filter((value) => {
      const wanted = { ...fields, subject: { commonName: value, organizations: [value] } };
      return lint(writeTbsCertificate(wanted, ca), wanted, ca).findings.length > 0;
    });
    expect(refused).toEqual([]);
  });

  it.each([
    ['#', '\\#'],
    ['#a', '\\#a'],
    ['a,b', 'a\\,b'],
  ])('%s is not %s', async (one, other) => {
    const { fields, ca } = await intended();
    const of = (value: string) => ({
      ...fields,
      subject: { commonName: value, organizations: [] },
    });
    expect(lint(writeTbsCertificate(of(one), ca), of(other), ca).findings).not.toEqual([]);
  });
});
