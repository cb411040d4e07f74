/** What the certificate of a new CA version must share with that of the version before, and what it must not. */
import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.ts';
import { caKeyIdentifierOf } from '../ca/ca-key-identifier.ts';
import { type Finding, findingsOf, refusesIf } from '../ca/lint-finding.ts';
import { lintNewLimits } from '../ca/lint-new-limits.ts';
import { readCertificate } from '../certificate/read-certificate.ts';
import { type CaVersions, signingVersionOf } from '../contract/trust-domain.ts';
import { quote } from '../printable.ts';
import type { CaName } from '../profiles/certificate-names.ts';

/** @param certificate of the new version, DER */
export const lintSuccessor = (
  ca: CaName,
  versions: CaVersions,
  certificate: Uint8Array,
): Finding[] =>
  findingsOf(() => {
    const after = new X509Certificate(certificate);
    const before = new X509Certificate(signingVersionOf(ca, versions).certificate);
    return [
      ...lintSubject(before, after),
      ...lintIdentifier(versions, after),
      ...lintNewLimits(readCertificate(before.raw), readCertificate(after.raw)),
    ];
  });

/**
 * Servers advertise the names of the CAs of their clients, nodes find a CA in a file by its name, and path lengths do not
 * count a cross certificate between CAs of one name (RFC 5280 section 4.2.1.9).
 */
function lintSubject(before: X509Certificate, after: X509Certificate): Finding[] {
  const [was, is] = [before, after].map(({ raw }) => toHex(readCertificate(raw).subject.raw));
  const [wanted, name] = [before, after].map(({ subject }) =>
    quote(subject.replaceAll('\n', ', ')),
  );
  return refusesIf(
    was !== is,
    `has the subject ${name}, and the CA that it replaces has ${wanted}: ask for a certificate with exactly that subject, in the same encoding`,
  );
}

/**
 * OpenSSL takes the first CA that has the name and the key identifier of an issuer, and looks for no other. A cross
 * certificate between two CAs with the same ones would even be self-signed for it.
 */
function lintIdentifier({ versions }: CaVersions, after: X509Certificate): Finding[] {
  const identifierOf = ({ raw }: X509Certificate) => toHex(caKeyIdentifierOf(readCertificate(raw)));
  const identifier = identifierOf(after);
  const other = versions.find(
    ({ certificate }) => identifierOf(new X509Certificate(certificate)) === identifier,
  );
  return refusesIf(
    other !== undefined,
    `has the subjectKeyIdentifier ${identifier}, which version ${other?.version} has, too, with another key, so that OpenSSL would take one for the other: ask for the subjectKeyIdentifier of the CSR`,
  );
}
