/**
 * Whether a cross certificate certifies exactly the key of one version of a CA, in the name of the version before: anyone who
 * trusts that one accepts everything below it. It is compared with the certificate of the one version and the record of the
 * other.
 *
 * This is the judge of the auditor, who asks what may have been signed. `create-ca` has its own, in
 * lib/rotating/cross-certificate.ts, which asks whether its draft is what it meant. They share no rule, on purpose: a fault
 * in one does not hide what the other finds.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { bufferOf, toBase64 } from '../bytes.ts';
import { assembleCertificate, sha1KeyIdentifierOf } from '../certificate/assemble.ts';
import {
  type CertificateElements,
  extensionOf,
  readCertificate,
} from '../certificate/read-certificate.ts';
import type { CaRecord } from '../contract/ca-record.ts';
import type { CrossRecord } from '../contract/cross-record.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { DerError, readDer, readInteger, TAG } from '../der/read.ts';
import { quote } from '../printable.ts';
import { type SigningAlgorithm, signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { AKI_KEY_IDENTIFIER, basicConstraintsOf } from './lint-parts.ts';

/** Octets of BIT STRING contents: unused bits, then digitalSignature, keyCertSign and cRLSign, or without the first. */
const KEY_USAGES: readonly string[] = ['0186', '0106'];
const ALLOWED: readonly string[] = [
  OID.keyUsage,
  OID.basicConstraints,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  OID.subjectAltName,
];
const MAX_SERIAL_OCTETS = 20;
/** OpenSSL needs a signature to read a certificate; it does not verify this one. */
const NO_SIGNATURE = new Uint8Array(64);

/**
 * @param from the certificate of the version that signs, DER
 * @param to the record of the version that is certified
 * @returns what is wrong; empty if nothing is
 */
export function lintCross(record: CrossRecord, from: Uint8Array, to: CaRecord): string[] {
  try {
    const tbs = Buffer.from(record.tbs, 'base64');
    const algorithm = signingAlgorithmOf(record.keySpec);
    const der = assembleCertificate(tbs, { algorithm }, NO_SIGNATURE);
    const rules = [
      ...rulesOfElements(readCertificate(der), readCertificate(from), elementsOf(to), algorithm),
      ...rulesOfOpenSsl(new X509Certificate(der), new X509Certificate(from), to),
      ...rulesOfRecord(record, readCertificate(from), to),
    ];
    return rules.filter(([holds]) => !holds).map(([, problem]) => problem);
  } catch (error) {
    if (error instanceof DerError) return [error.message];
    return [`it cannot be read: ${quote(error instanceof Error ? error.message : String(error))}`];
  }
}

type Rule = readonly [holds: boolean, problem: string];

function rulesOfElements(
  cross: CertificateElements,
  from: CertificateElements,
  to: CertificateElements,
  algorithm: SigningAlgorithm,
): Rule[] {
  const serial = readInteger(cross.serialNumber);
  const constraints = basicConstraintsOf(cross);
  const usage = extensionOf(cross, OID.keyUsage);
  const ids = cross.extensions.map(({ id }) => id);
  const others = ids.filter((id, i) => !ALLOWED.includes(id) || ids.indexOf(id) !== i);
  return [
    [cross.version === 2, 'it is not of version 3'],
    [isSame(cross.issuer.raw, from.subject.raw), 'its issuer is not the CA that signs it'],
    [isSame(cross.subject.raw, to.subject.raw), 'its subject is not that of the new version'],
    [isSame(cross.publicKey.raw, to.publicKey.raw), 'its key is not that of the new version'],
    [!isSame(cross.publicKey.raw, from.publicKey.raw), 'its key is that of the CA that signs it'],
    [isSame(cross.signature.raw, algorithm.identifier), 'its algorithm is not that of the key'],
    [isPositive(serial) && serial.length <= MAX_SERIAL_OCTETS, 'its serial number is not accepted'],
    [
      constraints?.isCritical === true && constraints.isCa && constraints.pathLength === undefined,
      'it has no critical basicConstraints cA TRUE without pathLenConstraint',
    ],
    [
      usage?.critical === true && KEY_USAGES.includes(bitsOf(usage.value)),
      'it has no critical keyUsage keyCertSign, cRLSign',
    ],
    [
      isSame(subjectIdOf(cross), subjectIdOf(to)),
      'its subjectKeyIdentifier is not that of the new version',
    ],
    [
      isSame(authorityIdOf(cross), subjectIdOf(from) ?? sha1KeyIdentifierOf(from.publicKey)),
      'its authorityKeyIdentifier is not that of the CA that signs it',
    ],
    [others.length === 0, `it has other extensions: ${others.map(nameOfOid).join(', ')}`],
  ];
}

/** A second reader, which shares no code with the first. */
function rulesOfOpenSsl(cross: X509Certificate, from: X509Certificate, to: CaRecord): Rule[] {
  return [
    [
      (cross.subjectAltName ?? '') === nameOf(to),
      'its name is not the digest of the certificate of the new version',
    ],
    [cross.ca && cross.checkIssued(from), 'OpenSSL does not take it for a CA below the old one'],
    [Date.parse(cross.validFrom) < Date.parse(cross.validTo), 'it ends before it begins'],
  ];
}

/** A certificate that an outside CA has issued is named (RFC 6920): the cross certificate is about no other of its key. */
function nameOf(to: CaRecord): string {
  if (to.origin !== 'subordinate') return '';
  const digest = createHash('sha256').update(Buffer.from(to.certificate, 'base64'));
  return `URI:ni:///sha-256;${digest.digest('base64url')}`;
}

/** The key that signs is that of the version before. */
function rulesOfRecord(record: CrossRecord, from: CertificateElements, to: CaRecord): Rule[] {
  return [
    [record.from < record.version, 'the version that signs it is not an earlier one'],
    [
      record.publicKey === toBase64(from.publicKey.raw),
      'the key that signs it is not that of the version before',
    ],
    [
      record.trustDomain === to.trustDomain && record.ca === to.ca && record.version === to.version,
      'it is for another version of a CA',
    ],
  ];
}

/** The parts of a version that is recorded, whether or not it is signed. */
function elementsOf(record: CaRecord): CertificateElements {
  if ('certificate' in record) return readCertificate(Buffer.from(record.certificate, 'base64'));
  const algorithm = signingAlgorithmOf(record.keySpec);
  const tbs = Buffer.from(record.tbs, 'base64');
  return readCertificate(assembleCertificate(tbs, { algorithm }, NO_SIGNATURE));
}

const isSame = (one: Uint8Array | undefined, other: Uint8Array | undefined): boolean =>
  one !== undefined && other !== undefined && bufferOf(one).equals(other);

const isPositive = ([first = 0]: Uint8Array): boolean => first < 0x80;

const bitsOf = (value: Uint8Array): string =>
  bufferOf(readDer(value, 'keyUsage').expect(TAG.bitString).content).toString('hex');

function subjectIdOf(elements: CertificateElements): Uint8Array | undefined {
  const extension = extensionOf(elements, OID.subjectKeyIdentifier);
  return extension && readDer(extension.value, 'ski').expect(TAG.octetString).content;
}

function authorityIdOf(elements: CertificateElements): Uint8Array | undefined {
  const extension = extensionOf(elements, OID.authorityKeyIdentifier);
  const fields = extension ? readDer(extension.value, 'aki').expect(TAG.sequence).children() : [];
  const [identifier, ...more] = fields;
  return identifier?.tag === AKI_KEY_IDENTIFIER && more.length === 0
    ? identifier.content
    : undefined;
}
