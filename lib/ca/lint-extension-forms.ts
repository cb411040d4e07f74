/**
 * Extensions that crypto/x509 of Go parses whether or not they are critical, in forms that it does not (parser.go). OpenSSL
 * looks at them later, or never.
 */
import { type CertificateElements, extensionOf } from '../certificate/read-certificate.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { DerError, type Element, readDer, readInteger, readOid, TAG } from '../der/read.ts';
import { type Finding, refusesIf } from './lint-finding.ts';

export const lintExtensionForms = (elements: CertificateElements): Finding[] => [
  ...lintAlternativeNames(elements),
  ...[...FORMS].flatMap(([id, isReadable]) => lintForm(elements, id, isReadable)),
];

/** Tags of GeneralName. */
const [MAIL, DNS, URI, IP] = [0x81, 0x82, 0x86, 0x87];

/** Go evaluates no other names: if one with only those is critical, it refuses the certificate. */
function lintAlternativeNames(elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.subjectAltName);
  if (!extension) return [];
  const names = readDer(extension.value, 'subjectAltName').expect(TAG.sequence).children();
  const known = names.filter(({ tag }) => [MAIL, DNS, URI, IP].includes(tag));
  return [
    ...refusesIf(
      extension.critical && known.length === 0,
      'has a critical subjectAltName without a name that Kubernetes can evaluate',
    ),
    ...refusesIf(
      !known.every(isReadableName),
      'has a subjectAltName that Kubernetes cannot read (crypto/x509)',
    ),
  ];
}

const text = ({ content }: Element) => Buffer.from(content).toString('latin1');

/** What both net/url of Go and everybody else take for a URI: a host without an empty label, and complete escapes. */
const READABLE_URI =
  /^[A-Za-z][A-Za-z0-9+.-]*:(\/\/([\w-]+(\.[\w-]+)*|\[[0-9A-Fa-f:.]+\])?(:\d+)?(?=[/?#]|$)|(?!\/\/))([!-$&-~]|%[0-9A-Fa-f]{2})*$/;

function isReadableName(name: Element): boolean {
  if (name.tag === IP) return name.content.length === 4 || name.content.length === 16;
  if (name.tag === URI) return READABLE_URI.test(text(name)) && URL.canParse(text(name));
  return /^[\0-\x7f]*$/.test(text(name));
}

/** Whether Go can read an extension, by its OID. @throws DerError if it cannot */
const FORMS: ReadonlyMap<string, (extension: Element) => boolean> = new Map([
  [OID.keyUsage, (one) => isNamedBits(one)],
  [OID.basicConstraints, (one) => one.expect(TAG.sequence).children().every(isFlagOrLength)],
  [OID.crlDistributionPoints, (one) => sequencesIn(one).every(isDistributionPoint)],
  [OID.authorityInfoAccess, (one) => sequencesIn(one).every(([method]) => isOid(method))],
  [OID.certificatePolicies, (one) => areDifferentPolicies(one)],
  [
    OID.policyMappings,
    (one) => sequencesIn(one).every(([issuer, subject]) => isOid(issuer) && isOid(subject)),
  ],
  [OID.inhibitAnyPolicy, (one) => isSmallInteger(one)],
]);

function lintForm(
  elements: CertificateElements,
  id: string,
  isReadable: (extension: Element) => boolean,
): Finding[] {
  const extension = extensionOf(elements, id);
  if (!extension) return [];
  const name = nameOfOid(id);
  return refusesIf(
    !orUnreadable(() => isReadable(readDer(extension.value, name))),
    `has ${name} that Kubernetes cannot read (crypto/x509)`,
  );
}

function orUnreadable(read: () => boolean): boolean {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

const sequencesIn = (extension: Element): Element[][] =>
  extension
    .expect(TAG.sequence)
    .children()
    .map((one) => one.expect(TAG.sequence).children());

/** The bits that are not used are 0 (X.690 section 11.2.1). */
function isNamedBits(bits: Element): boolean {
  const [unused, ...octets] = bits.expect(TAG.bitString).content;
  if (unused === undefined || unused > 7) return false;
  const last = octets.at(-1);
  return last === undefined ? unused === 0 : (last & ((1 << unused) - 1)) === 0;
}

const isFlagOrLength = (field: Element): boolean =>
  field.tag !== TAG.integer || isSmallInteger(field);

/** As `int` of Go. */
const isSmallInteger = (field: Element): boolean => readInteger(field).length <= 4;

const isOid = (field: Element | undefined): boolean => field !== undefined && readOid(field) !== '';

/** Go reads only a fullName, and fails at a name that is relative to that of the issuer of the CRL. */
const [POINT_NAME, FULL_NAME] = [0xa0, 0xa0];

function isDistributionPoint([name]: readonly Element[]): boolean {
  return name?.tag !== POINT_NAME || name.children()[0]?.tag === FULL_NAME;
}

function areDifferentPolicies(extension: Element): boolean {
  const policies = sequencesIn(extension).map(([id]) => (id && isOid(id) ? readOid(id) : ''));
  return !policies.includes('') && new Set(policies).size === policies.length;
}
