/**
 * Lints a CA certificate that a cluster already has, before it is adopted. It cannot be changed any more, so everything
 * that verifiers accept is accepted, and named; what would make leaf certificates invalid, now or soon, is refused. The
 * sources are crypto/x509 of Go, which Kubernetes and etcd verify with, and OpenSSL's -x509_strict.
 */
import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.ts';
import {
  type CertificateElements,
  extensionOf,
  readCertificate,
} from '../certificate/read-certificate.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { readOid } from '../der/read.ts';
import { quote } from '../printable.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { acceptsIf, type Finding, findingsOf, refuses, refusesIf } from './lint-finding.ts';
import {
  basicConstraintsOf,
  lintConstraints,
  lintDates,
  lintExtensions,
  lintKey,
  lintKeyIdentifier,
  lintKeyUsage,
  lintName,
  lintNameForm,
  lintPathLengthZero,
  lintSerialNumber,
} from './lint-parts.ts';
import { lintExtendedKeyUsage, lintNameConstraints } from './lint-purpose.ts';

/** Everything that is unusual or wrong with the certificate of a CA. */
export function lintAdopted(ca: CaName, der: Uint8Array, now: Date): Finding[] {
  return findingsOf(() => {
    const certificate = new X509Certificate(der);
    const elements = readCertificate(der);
    const findings = [
      ...lintKey(elements),
      ...lintSignature(certificate, elements),
      ...lintName(ca, elements),
      ...lintNameForm(elements),
      ...lintSerialNumber(elements),
      ...lintDates(certificate, now),
      ...lintConstraints(elements),
      ...lintPathLengthZero(elements),
      ...acceptsIf(
        basicConstraintsOf(elements)?.isCritical === false,
        'has basicConstraints that are not critical',
      ),
      ...lintKeyUsage(elements),
      ...lintExtendedKeyUsage(ca, elements),
      ...lintKeyIdentifier(elements),
      ...lintNameConstraints(ca, elements),
      ...lintExtensions(elements),
      ...acceptsIf(!extensionOf(elements, OID.subjectAltName), 'has no subjectAltName'),
    ];
    return [...findings, ...lintSelfIssued(certificate, findings)];
  });
}

/** Nobody verifies the signature of a certificate that they trust, so that its algorithm does not matter. */
function lintSignature(certificate: X509Certificate, elements: CertificateElements): Finding[] {
  const { issuer, subject, signature, signatureAlgorithm } = elements;
  if (toHex(issuer.raw) !== toHex(subject.raw))
    return [
      refuses(
        `is issued by ${quote(certificate.issuer.replaceAll('\n', ', '))}, not self-signed: a CA below another one cannot be adopted`,
      ),
    ];
  if (toHex(signature.raw) !== toHex(signatureAlgorithm.raw))
    return [refuses('names two different signature algorithms')];
  if (!isSelfSigned(certificate))
    return [refuses('has a signature that does not verify with its own key')];
  const [id] = signature.children();
  const name = id ? nameOfOid(readOid(id)) : '';
  return acceptsIf(
    /SHA-1$|MD5$|MD2$/.test(name),
    `is signed with ${name}: nobody verifies the signature of a CA certificate that they trust`,
  );
}

/** OpenSSL then looks for the certificate above it, and finds none. */
const lintSelfIssued = (certificate: X509Certificate, others: readonly Finding[]): Finding[] =>
  refusesIf(
    others.every(({ level }) => level === 'accepts') && !certificate.checkIssued(certificate),
    'has an authorityKeyIdentifier that is not its own',
  );

function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.verify(certificate.publicKey);
  } catch {
    return false; // an algorithm that OpenSSL does not know
  }
}
