/**
 * What the certificate of a subordinate CA must have in common with the one that it renews. Leaf certificates of before and
 * after have to verify with both: issuer names are compared byte for byte, and OpenSSL compares key identifiers, too.
 */
import { X509Certificate } from 'node:crypto';
import { bufferOf, toHex } from '../bytes.ts';
import { isoDate } from '../certificate/iso-date.ts';
import { certificatesIn } from '../certificate/pem.ts';
import { extensionOf, readCertificate } from '../certificate/read-certificate.ts';
import type { CaVersion } from '../contract/trust-domain.ts';
import { OID } from '../der/oids.ts';
import { quote } from '../printable.ts';
import { caKeyIdentifierOf } from './ca-key-identifier.ts';
import { acceptsIf, type Finding, findingsOf, refusesIf } from './lint-finding.ts';
import { lintNewLimits } from './lint-new-limits.ts';
import type { SubordinateCertificate } from './read-subordinate.ts';

/** @param existing the version whose certificate, or what is above it, is renewed */
export const lintRenewal = (
  existing: Pick<CaVersion, 'certificate' | 'chain' | 'renewed'>,
  { certificate, chain }: SubordinateCertificate,
): Finding[] =>
  findingsOf(() => {
    const before = new X509Certificate(existing.certificate);
    const after = new X509Certificate(certificate);
    return [
      ...lintSameSubject(before, after),
      ...lintSameIdentifier(before, after),
      ...lintNewLimits(readCertificate(before.raw), readCertificate(after.raw)),
      ...lintLater(existing, before, after),
      ...lintRoot(existing, chain),
    ];
  });

function lintSameSubject(before: X509Certificate, after: X509Certificate): Finding[] {
  const [was, is] = [before, after].map(({ raw }) => bufferOf(readCertificate(raw).subject.raw));
  const [old, fresh] = [before, after].map(({ subject }) => quote(subject.replaceAll('\n', ', ')));
  return refusesIf(
    was === undefined || !is?.equals(was),
    `has the subject ${fresh}, and the existing certificate has ${old}${old === fresh ? ' in another encoding' : ''}, which every certificate of the CA names, byte for byte: ask for a certificate with the subject of the CSR`,
  );
}

/** One without an identifier is refused as such: strict clients would. */
function lintSameIdentifier(before: X509Certificate, after: X509Certificate): Finding[] {
  const [was, is] = [before, after].map(({ raw }) => readCertificate(raw));
  if (!was || !is || !extensionOf(is, OID.subjectKeyIdentifier)) return [];
  const [old, fresh] = [was, is].map((one) => toHex(caKeyIdentifierOf(one)));
  return refusesIf(
    old !== fresh,
    `has the subjectKeyIdentifier ${fresh}, not ${old}, which every certificate of the CA names as its authorityKeyIdentifier, so that OpenSSL would refuse them: ask for the subjectKeyIdentifier of the CSR`,
  );
}

/** Nodes recognize the newer certificate by its later end, so that an old one cannot come back. */
function lintLater(
  { renewed = [] }: Pick<CaVersion, 'renewed'>,
  before: X509Certificate,
  after: X509Certificate,
): Finding[] {
  if (after.raw.equals(before.raw)) return []; // only what is above it changes
  const isOld = renewed.some((pem) => new X509Certificate(pem).raw.equals(after.raw));
  const [until, end] = [before, after].map(({ validTo }) => isoDate(validTo));
  if (isOld)
    return refusesIf(true, `was imported before, and has been renewed since, until ${until}`);
  return refusesIf(
    Date.parse(after.validTo) <= Date.parse(before.validTo),
    `expires at ${end}, and the existing certificate at ${until}: nodes take the one that expires later, so ask for a certificate that does`,
  );
}

function lintRoot(
  { chain = '' }: Pick<CaVersion, 'chain'>,
  above: SubordinateCertificate['chain'],
): Finding[] {
  const [was, is] = [certificatesIn(chain).at(-1), above.at(-1)];
  if (was === undefined || is === undefined) return [];
  const [old, fresh] = [new X509Certificate(was), new X509Certificate(is)];
  const subject = quote(fresh.subject.replaceAll('\n', ', '));
  return acceptsIf(
    !fresh.raw.equals(old.raw),
    `is below a root that is not that of the existing certificate, ${subject}: clients that verify up to the root have to get it, and nodes with a chain file its hash`,
  );
}
