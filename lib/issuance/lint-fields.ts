/** Compares the DER of a draft with the intended values, field by field. */
import { toHex, toLatin1 } from '../bytes.ts';
import type { IssuingCa } from '../ca/issuing-ca.ts';
import { keyIdentifierOf } from '../certificate/assemble.ts';
import { formatName, readAlternativeNames } from '../csr/alternative-names.ts';
import { readSubject, type Subject } from '../csr/subject.ts';
import { OID } from '../der/oids.ts';
import {
  DerError,
  type Element,
  readBoolean,
  readDer,
  readFields,
  readOid,
  readPositiveInteger,
  TAG,
} from '../der/read.ts';
import type { CertificateFields } from './certificate-fields.ts';

/** Describes every difference. */
export function compareWithFields(
  tbs: Uint8Array,
  fields: CertificateFields,
  ca: IssuingCa,
): string[] {
  try {
    return compare(tbs, fields, ca);
  } catch (error) {
    if (error instanceof DerError) return [`draft is not DER: ${error.message}`];
    throw error;
  }
}

const FIELDS = [
  'version',
  'serialNumber',
  'signature',
  'issuer',
  'validity',
  'subject',
  'key',
  'extensions',
];

function compare(tbs: Uint8Array, fields: CertificateFields, ca: IssuingCa): string[] {
  const elements = readFields(readDer(tbs, 'tbsCertificate'), TAG.sequence, ...FIELDS);
  const [version, serial, algorithm, issuer, validity, subject, key, extensions] = elements;
  if (!version || !serial || !algorithm || !issuer || !validity || !subject || !key || !extensions)
    return ['draft is incomplete'];
  const { subject: name, violations } = readSubject(subject);
  const dates = validity.children().map(readTime);
  return differences([
    ['version', toHex(version.raw), 'a003020102'],
    ['serialNumber', toHex(readPositiveInteger(serial)), toHex(fields.serialNumber)],
    ['signature', toHex(algorithm.raw), toHex(ca.algorithm.identifier)],
    ['issuer', toHex(issuer.raw), toHex(ca.subject)],
    [
      'validity',
      dates.join(),
      [fields.notBefore, fields.notAfter].map((d) => d.toISOString()).join(),
    ],
    ['subject', subjectText(name), subjectText(fields.subject)],
    ['subject form', violations.length, 0],
    ['subjectPublicKeyInfo', toHex(key.raw), toHex(fields.publicKey)],
    ['extensions', describeExtensions(extensions), expectedExtensions(fields, ca)],
  ]);
}

function differences(pairs: readonly (readonly [string, unknown, unknown])[]): string[] {
  return pairs
    .filter(([, got, expected]) => got !== expected)
    .map(([field, got, expected]) => `${field} is ${String(got)}, expected ${String(expected)}`);
}

/** One line for each extension, in order: exactly these. */
function expectedExtensions(fields: CertificateFields, ca: IssuingCa): string {
  // digitalSignature alone, or with keyEncipherment: one octet with 7 or 5 unused bits
  const forServers = fields.extendedKeyUsages.includes('serverAuth');
  const keyUsage = fields.keyAlgorithm === 'RSA' && forServers ? '030205a0' : '03020780';
  const subjectKeyId = keyIdentifierOf(readDer(fields.publicKey, 'publicKey'));
  return [
    `${OID.keyUsage} critical ${keyUsage}`,
    `${OID.extKeyUsage} ${fields.extendedKeyUsages.map((usage) => OID[usage]).join(' ')}`,
    `${OID.basicConstraints} critical 3000`,
    `${OID.subjectKeyIdentifier} 0414${toHex(subjectKeyId)}`,
    `${OID.authorityKeyIdentifier} ${toHex(ca.keyIdentifier)}`,
    ...(fields.names.length > 0
      ? [`${OID.subjectAltName} ${fields.names.map(formatName).join(' ')}`]
      : []),
  ].join('\n');
}

function describeExtensions(wrapper: Element): string {
  const [list] = readFields(wrapper, 0xa3, 'list');
  return (list?.as(TAG.sequence, 'extensions').children() ?? []).map(describeExtension).join('\n');
}

function describeExtension(extension: Element): string {
  const parts = extension.as(TAG.sequence, 'extension').children();
  const [id, critical, value] = parts.length === 3 ? parts : [parts[0], undefined, parts[1]];
  if (!id || !value) throw new DerError('extension: incomplete');
  const name = readOid(id);
  const content = value.as(TAG.octetString, 'extnValue').content;
  const flag = critical && readBoolean(critical) ? 'critical ' : '';
  return `${name} ${flag}${describeValue(name, content)}`;
}

function describeValue(id: string, content: Uint8Array): string {
  const element = () => readDer(content, `extension ${id}`);
  switch (id) {
    case OID.extKeyUsage:
      return element().children().map(readOid).join(' ');
    case OID.subjectAltName: {
      const { names, violations } = readAlternativeNames(content);
      return [...names.map(formatName), ...violations.map(({ got }) => `?${got}`)].join(' ');
    }
    case OID.authorityKeyIdentifier: {
      const [keyIdentifier] = readFields(element(), TAG.sequence, 'keyIdentifier');
      return toHex(keyIdentifier?.as(0x80, 'keyIdentifier').content ?? new Uint8Array());
    }
    default:
      return toHex(content);
  }
}

const UTC_TIME = /^\d{12}Z$/;
const GENERALIZED_TIME = /^\d{14}Z$/;

/** UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 allows them, in ISO form. */
function readTime(element: Element): string {
  const text = toLatin1(element.content);
  const isUtc = element.tag === TAG.utcTime && UTC_TIME.test(text);
  if (!isUtc && !(element.tag === TAG.generalizedTime && GENERALIZED_TIME.test(text)))
    throw new DerError(`validity: ${text} is not a time as in RFC 5280`);
  const full = isUtc ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const part = (at: number) => full.slice(at, at + 2);
  return `${full.slice(0, 4)}-${part(4)}-${part(6)}T${part(8)}:${part(10)}:${part(12)}.000Z`;
}

/** Organizations are a set, which DER orders by encoding (X.690 section 11.6). */
function subjectText({ commonName, organizations }: Subject): string {
  return JSON.stringify({ commonName, organizations: [...organizations].sort() });
}
