/**
 * Lints the certificates above a subordinate CA: each has issued the one before it, and the last is a root. In a cluster
 * nobody verifies them, because the subordinate CA is the trust anchor; clients outside verify up to the root, and Go
 * parses each certificate that a server or a client presents.
 */

import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.ts';
import { isoDate } from '../certificate/iso-date.ts';
import {
  type CertificateElements,
  extensionOf,
  readCertificate,
} from '../certificate/read-certificate.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { type Element, readDer, readOid, TAG } from '../der/read.ts';
import { quote } from '../printable.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import {
  accepts,
  acceptsIf,
  type Finding,
  findingsOf,
  refuses,
  refusesIf,
} from './lint-finding.ts';
import { lintForm } from './lint-form.ts';
import {
  AKI_KEY_IDENTIFIER,
  basicConstraintsOf,
  lintConstraints,
  lintDates,
  lintExtensions,
  lintKeyUsage,
  lintPolicyConstraints,
  lintSerialNumber,
} from './lint-parts.ts';
import { lintExplicitUsages, lintNameConstraints } from './lint-purpose.ts';
import { strictProblemsOf, strictProblemsOfRoot } from './lint-strict.ts';

/** Every TLS handshake carries them, except the root, and every outcome (`LIMITS.maxOutcomeBytes`). */
const [MAX_CERTIFICATES, MAX_BYTES] = [6, 16 * 1024];

interface Link {
  /** On one line. */
  readonly name: string;
  readonly der: Uint8Array;
  readonly x509: X509Certificate;
  readonly elements: CertificateElements;
}

/** @param chain DER of the CA certificate and of those above it */
export function lintChain(ca: CaName, chain: readonly Uint8Array[], now: Date): Finding[] {
  if (chain.length < 2)
    return [refuses('has no chain: give the certificates above it, the root last')];
  if (chain.length > MAX_CERTIFICATES)
    return [
      refuses(
        `has ${chain.length - 1} certificates above it; at most ${MAX_CERTIFICATES - 1} are accepted`,
      ),
    ];
  const bytes = chain.reduce((sum, { length }) => sum + length, 0);
  if (bytes > MAX_BYTES)
    return [
      refuses(`has a chain of ${bytes} bytes of DER; at most ${MAX_BYTES} bytes are accepted`),
    ];
  const links = chain.map(readLink);
  const disorder = findDisorder(links);
  if (disorder.length > 0) return disorder;
  return [
    ...links.slice(0, -1).flatMap(lintSignature),
    ...links
      .slice(1, -1)
      .flatMap((link, i) => lintAbove(ca, link, links.slice(0, i + 1), now, lintIntermediate)),
    ...links.slice(-1).flatMap((root) => lintAbove(ca, root, links.slice(0, -1), now, lintRoot)),
  ];
}

function readLink(der: Uint8Array): Link {
  const x509 = new X509Certificate(der);
  return { name: quote(oneLine(x509.subject)), der, x509, elements: readCertificate(der) };
}

const oneLine = (name: string) => name.replaceAll('\n', ', ');

/** The first certificate that is not followed by its issuer's. Go compares the octets of names, so they must be equal. */
function findDisorder(links: readonly Link[]): Finding[] {
  const [found] = links.slice(1).flatMap((issuer, i) => {
    const subject = links[i];
    return subject ? lintLink(subject, issuer) : [];
  });
  if (found) return [found];
  const early = links.slice(0, -1).find(isSelfSigned);
  if (early)
    return [
      refuses(
        `has a chain in which ${early.name} is self-signed, and is not the last: give one root, once`,
      ),
    ];
  const [own, ...above] = links.map(({ elements }) => toHex(elements.subject.raw));
  if (own !== undefined && above.includes(own))
    return [
      refuses(
        `has a chain with its own subject above it: ask for a CA that is not below another one of its name`,
      ),
    ];
  const last = links.at(-1);
  return refusesIf(
    last !== undefined && !isSelfSigned(last),
    `has a chain that ends with ${last?.name}, which is not a self-signed root: give the certificates above it, too; the last has to be the root`,
  );
}

function lintLink(subject: Link, issuer: Link): Finding[] {
  const name = toHex(subject.elements.issuer.raw);
  if (name !== toHex(issuer.elements.subject.raw))
    return [
      refuses(
        `has a chain in which ${issuer.name} follows ${subject.name}, which is issued by ${quote(oneLine(subject.x509.issuer))}: put each certificate before that of its issuer, and leave out the CA's own`,
      ),
    ];
  if (!verifies(subject, issuer))
    return [
      refuses(
        `has a chain in which the signature of ${subject.name} does not verify with the key of ${issuer.name}: give the certificate of the key that signed it`,
      ),
    ];
  return refusesIf(
    !namesKeyOf(subject.elements, issuer.elements),
    `has a chain in which the authorityKeyIdentifier of ${subject.name} is not that of ${issuer.name}: give the certificate with that identifier`,
  );
}

/** Tags of AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1), and of a directoryName in it. */
const [ISSUER_NAMES, ISSUER_SERIAL, DIRECTORY_NAME] = [0xa1, 0x82, 0xa4];

/** OpenSSL looks for another issuer if one of the identifiers that are there differs. */
function namesKeyOf(subject: CertificateElements, issuer: CertificateElements): boolean {
  const extension = extensionOf(subject, OID.authorityKeyIdentifier);
  if (!extension) return true;
  const fields = readDer(extension.value, 'authorityKeyIdentifier').expect(TAG.sequence).children();
  const fieldOf = (tag: number) => fields.find((field) => field.tag === tag);
  const own = extensionOf(issuer, OID.subjectKeyIdentifier);
  const name = fieldOf(ISSUER_NAMES)
    ?.children()
    .find(({ tag }) => tag === DIRECTORY_NAME)
    ?.children()[0];
  return (
    isSame(
      fieldOf(AKI_KEY_IDENTIFIER)?.content,
      own && readDer(own.value, 'subjectKeyIdentifier').content,
    ) &&
    isSame(fieldOf(ISSUER_SERIAL)?.content, issuer.serialNumber.content) &&
    isSame(name?.raw, issuer.issuer.raw)
  );
}

const isSame = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined || toHex(a) === toHex(b);

function verifies(subject: Link, issuer: Link): boolean {
  try {
    return subject.x509.verify(issuer.x509.publicKey);
  } catch {
    return false; // an algorithm that OpenSSL does not know
  }
}

const isSelfSigned = (link: Link) =>
  toHex(link.elements.issuer.raw) === toHex(link.elements.subject.raw) && verifies(link, link);

/** Of every certificate but the root, whose own signature nobody verifies. */
function lintSignature({ name, elements }: Link): Finding[] {
  const { signature, signatureAlgorithm } = elements;
  const algorithm = algorithmOf(signatureAlgorithm);
  return [
    ...refusesIf(
      toHex(signature.raw) !== toHex(signatureAlgorithm.raw),
      `has a chain in which ${name} names two different signature algorithms: ask for a new certificate`,
    ),
    ...refusesIf(
      !SIGNATURES.includes(algorithm),
      `has a chain in which ${name} is signed with ${nameOfOid(algorithm)}, which Go or OpenSSL refuses: ask for a signature with SHA-256, SHA-384 or SHA-512`,
    ),
  ];
}

const SIGNATURES: readonly string[] = [
  OID.sha256WithRSAEncryption,
  OID.sha384WithRSAEncryption,
  OID.sha512WithRSAEncryption,
  OID.ecdsaWithSHA256,
  OID.ecdsaWithSHA384,
  OID.ecdsaWithSHA512,
  OID.ed25519,
  OID.sha256,
  OID.sha384,
  OID.sha512,
];

/**
 * RSASSA-PSS names its hash in its parameters (RFC 4055 section 3.1); SHA-1 if it names none. Go reads only those with the
 * same hash for MGF1, and a salt as long as the hash.
 */
function algorithmOf(identifier: Element): string {
  const [id, parameters] = identifier.expect(TAG.sequence).children();
  const algorithm = id ? readOid(id) : '';
  if (algorithm !== OID.rsassaPss) return algorithm;
  const fieldOf = (tag: number) =>
    parameters
      ?.children()
      .find((field) => field.tag === tag)
      ?.children()[0];
  const [hash, mask, salt] = [fieldOf(0xa0), fieldOf(0xa1), fieldOf(0xa2)];
  const [name] = hash?.children() ?? [];
  if (!name) return OID.sha1;
  const isUsual =
    isSame(mask?.children()[1]?.raw ?? new Uint8Array(), hash?.raw) &&
    salt?.content.length === 1 &&
    salt.content[0] === SALT_OCTETS[readOid(name)];
  return isUsual ? readOid(name) : algorithm;
}

const SALT_OCTETS: Readonly<Record<string, number>> = {
  [OID.sha1]: 20,
  [OID.sha256]: 32,
  [OID.sha384]: 48,
  [OID.sha512]: 64,
};

/**
 * @param below the CA certificates below it; it has issued the last
 * @param lintPlace what its place in the chain requires
 */
function lintAbove(
  ca: CaName,
  { name, der, x509, elements }: Link,
  below: readonly Link[],
  now: Date,
  lintPlace: (elements: CertificateElements) => Finding[],
): Finding[] {
  const issued = below.at(-1);
  const findings = findingsOf(() => [
    ...lintForm(der),
    ...lintIssuerKey(x509),
    ...lintSerialNumber(elements).filter(({ level }) => level === 'refuses'),
    ...lintDates(x509, now).filter(({ level }) => level === 'refuses'),
    ...lintConstraints(elements),
    ...lintPathLength(elements, below.length),
    ...lintKeyUsage(elements).filter(({ level }) => level === 'refuses'),
    ...lintExplicitUsages(ca, elements),
    ...lintNameConstraints(ca, elements),
    ...lintPolicyConstraints(elements),
    ...lintExtensions(elements),
    ...lintPlace(elements),
    ...acceptsIf(
      issued !== undefined && new Date(x509.validTo) < new Date(issued.x509.validTo),
      `expires at ${isoDate(x509.validTo)}, before what it has issued: clients that verify up to the root refuse every certificate after that`,
    ),
  ]);
  return findings.map(({ level, text }) => ({
    level,
    text: `is below ${name}, which ${text}${level === 'refuses' ? ': ask for a certificate whose chain does not contain it' : ''}`,
  }));
}

const lintIntermediate = (elements: CertificateElements): Finding[] =>
  strictProblemsOf(elements).map(({ text }) => refuses(`${text}, so strict clients refuse it`));

/** A root cannot be issued again, and strict clients refuse everything below it, not only this cluster. */
const lintRoot = (elements: CertificateElements): Finding[] =>
  strictProblemsOfRoot(elements).map(({ text }) =>
    accepts(
      `${text}, so strict clients that verify up to the root refuse it, such as Python 3.13 and later`,
    ),
  );

function lintPathLength(elements: CertificateElements, depth: number): Finding[] {
  const pathLength = basicConstraintsOf(elements)?.pathLength;
  if (pathLength === undefined || pathLength.length > 1) return [];
  const [allowed = 0] = pathLength;
  return refusesIf(
    allowed < depth,
    `has pathLenConstraint ${allowed}, and ${depth} CA ${depth === 1 ? 'certificate is' : 'certificates are'} below it`,
  );
}

/** Go reads no other curves, and refuses other RSA keys in TLS; OpenSSL refuses less than 2048 bits. */
function lintIssuerKey(certificate: X509Certificate): Finding[] {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details = {} } =
    certificate.publicKey;
  const { modulusLength = 0, namedCurve = '' } = details;
  const isUsable =
    (type === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192) ||
    (type === 'ec' && ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve)) ||
    type === 'ed25519';
  return refusesIf(
    !isUsable,
    `has a key that Kubernetes or OpenSSL refuses: ${[type, modulusLength || namedCurve].join(' ').trim()}`,
  );
}
