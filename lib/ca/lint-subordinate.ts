/**
 * Lints the certificate that an outside CA, such as that of a company, has issued for the key of a CA. It can still be
 * issued again, so whatever some verifier would not accept is refused, and each refusal says what to ask for. The sources
 * are crypto/x509 of Go, RFC 5280, and OpenSSL, which also verifies up to the root.
 */
import { X509Certificate } from 'node:crypto';
import { bufferOf, toHex } from '../bytes.ts';
import {
  type CertificateElements,
  extensionOf,
  readCertificate,
} from '../certificate/read-certificate.ts';
import { OID } from '../der/oids.ts';
import { directoryString, oid, sequence, setOf } from '../der/write.ts';
import { quote } from '../printable.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { CA_COMMON_NAMES } from './common-names.ts';
import { lintChain } from './lint-chain.ts';
import { acceptsIf, type Finding, findingsOf, refuses, refusesIf } from './lint-finding.ts';
import { lintForm } from './lint-form.ts';
import {
  lintConstraints,
  lintDates,
  lintExtensions,
  lintKey,
  lintKeyIdentifier,
  lintKeyUsage,
  lintName,
  lintPathLengthZero,
  lintPolicyConstraints,
  lintSerialNumber,
} from './lint-parts.ts';
import { lintExplicitUsages, lintNameConstraints, usagesOf } from './lint-purpose.ts';
import { strictProblemsOf } from './lint-strict.ts';
import type { SubordinateCertificate } from './read-subordinate.ts';

export interface SubordinateToLint extends SubordinateCertificate {
  /** SubjectPublicKeyInfo of the KMS key in DER, which a CSR has, too; undefined if it is not known. */
  readonly publicKey: Uint8Array | undefined;
}

/** Everything that is unusual or wrong with the certificate of a subordinate CA and those above it. */
export function lintSubordinate(
  ca: CaName,
  { certificate: der, chain, publicKey }: SubordinateToLint,
  now: Date,
): Finding[] {
  return findingsOf(() => {
    const elements = readCertificate(der);
    return [
      ...lintOwn(ca, der, elements, publicKey, now),
      ...(isSelfIssued(elements) ? [] : lintChain(ca, [der, ...chain], now)),
    ];
  });
}

function lintOwn(
  ca: CaName,
  der: Uint8Array,
  elements: CertificateElements,
  publicKey: Uint8Array | undefined,
  now: Date,
): Finding[] {
  return [
    ...asking(lintForm(der), 'a certificate without that'),
    ...lintKey(elements),
    ...refusesIf(
      publicKey !== undefined && !bufferOf(publicKey).equals(elements.publicKey.raw),
      "has a public key that is not that of the CA's KMS key: ask for a certificate for the CSR of this CA",
    ),
    ...refusesIf(
      isSelfIssued(elements),
      'is self-signed: give the certificate that the corporate CA issued for the CSR; a root belongs at the end of the chain',
    ),
    ...asking(lintName(ca, elements), 'a certificate with the subject of the CSR'),
    ...asking(lintSerialNumber(elements), 'a positive serial number'),
    ...asking(
      lintDates(new X509Certificate(der), now),
      'a certificate that is valid for years: no certificate of this CA outlives it',
    ),
    ...lintSubject(ca, der, elements),
    ...asking(lintConstraints(elements), 'basicConstraints critical, CA:TRUE'),
    ...lintPathLengthZero(elements),
    ...strictProblemsOf(elements).map(({ text, remedy }) => refuses(`${text}: ask for ${remedy}`)),
    ...asking(
      extensionOf(elements, OID.keyUsage) ? lintKeyUsage(elements) : [],
      'keyUsage keyCertSign and cRLSign',
    ),
    ...asking(
      lintExplicitUsages(ca, elements),
      `a certificate without extKeyUsage, or with ${usagesOf(ca).join(' and ')}`,
    ),
    ...asking(
      extensionOf(elements, OID.subjectKeyIdentifier) ? lintKeyIdentifier(elements) : [],
      'the subjectKeyIdentifier of the CSR',
    ),
    ...asking(lintNameConstraints(ca, elements), 'a certificate without nameConstraints'),
    ...asking(
      [...lintPolicyConstraints(elements), ...lintExtensions(elements)],
      'a certificate without them',
    ),
  ];
}

/** A file of trusted certificates tells a node's CAs apart by kubeadm's names (client/node/trust). */
function lintSubject(ca: CaName, der: Uint8Array, { subject }: CertificateElements): Finding[] {
  const usual = sequence(
    setOf(sequence(oid(OID.commonName), directoryString(CA_COMMON_NAMES[ca]))),
  );
  const name = new X509Certificate(der).subject.replaceAll('\n', ', ');
  return acceptsIf(
    !bufferOf(usual).equals(subject.raw),
    `has the subject ${quote(name)}, not CN=${CA_COMMON_NAMES[ca]}: new nodes have to be given its hash`,
  );
}

const isSelfIssued = ({ issuer, subject }: CertificateElements) =>
  toHex(issuer.raw) === toHex(subject.raw);

const asking = (findings: readonly Finding[], remedy: string): Finding[] =>
  findings.map((finding) =>
    finding.level === 'refuses' ? refuses(`${finding.text}: ask for ${remedy}`) : finding,
  );
