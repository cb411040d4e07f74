/** What a CA certificate has that any lint of one looks at. Each function looks at one thing. */
import type { X509Certificate } from 'node:crypto';
import {
  type CertificateElements,
  type Extension,
  extensionOf,
} from '../certificate/read-certificate.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { DerError, type Element, readDer, readOid, TAG } from '../der/read.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import { judgeAdoptedKey } from './adopted-key.ts';
import { CA_COMMON_NAMES } from './common-names.ts';
import { accepts, acceptsIf, type Finding, refuses, refusesIf } from './lint-finding.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const MIN_DAYS_LEFT = 30;
const FEW_DAYS_LEFT = 2 * 365;

const KEYS = 'RSA of 2048, 3072 or 4096 bits with exponent 65537, or EC on P-256 or P-384';

export function lintKey({ publicKey }: CertificateElements): Finding[] {
  const key = judgeAdoptedKey(publicKey);
  if ('keySpec' in key) return [];
  return key.problems.map((got) =>
    refuses(`has a key that the service cannot use: ${got}; allowed: ${KEYS}`),
  );
}

export function lintName(ca: CaName, { subject }: CertificateElements): Finding[] {
  const attributes = attributesOf(subject);
  if (attributes.length === 0) return [refuses('has an empty subject')];
  const [commonName, ...more] = attributes.filter(isCommonName).map(valueIn);
  const other = Object.entries(CA_COMMON_NAMES).find(
    ([name, common]) => name !== ca && commonName && textOf(commonName) === common,
  );
  return refusesIf(
    other !== undefined && more.length === 0,
    `has the name of another CA, CN=${other?.[1]}, which is kubeadm's name of ${other?.[0]}`,
  );
}

/** What a name has that those of kubeadm's CAs do not have. */
export function lintNameForm({ subject }: CertificateElements): Finding[] {
  const attributes = attributesOf(subject);
  return [
    ...acceptsIf(attributes.length > 1, `has a subject of ${attributes.length} attributes`),
    ...acceptsIf(
      attributes.map(valueIn).some(({ tag }) => tag !== TAG.printableString),
      'has a subject that is not all PrintableString, which is what Kubernetes itself writes; issuer names of leaf certificates are copied byte for byte',
    ),
  ];
}

const attributesOf = (name: Element): Element[] =>
  name.children().flatMap((rdn) => rdn.expect(TAG.set).children());

function isCommonName(attribute: Element): boolean {
  const [type] = attribute.expect(TAG.sequence).children();
  return type !== undefined && readOid(type) === OID.commonName;
}

function valueIn(attribute: Element): Element {
  const value = attribute.children()[1];
  if (!value) throw new DerError('subject: an attribute without a value');
  return value;
}

const textOf = ({ content }: Element) => Buffer.from(content).toString('utf8');

export function lintSerialNumber({ serialNumber: { content } }: CertificateElements): Finding[] {
  const isZero = content.every((octet) => octet === 0);
  return [
    ...acceptsIf(isZero, 'has serial number 0'),
    ...refusesIf(
      isNegative(content),
      'has a negative serial number, which Kubernetes cannot read (Go 1.23 and later)',
    ),
  ];
}

export function lintDates({ validFrom, validTo }: X509Certificate, now: Date): Finding[] {
  const [start, end] = [new Date(validFrom), new Date(validTo)];
  const days = Math.floor((end.getTime() - now.getTime()) / DAY_MS);
  const until = end.toISOString();
  if (start > now) return [refuses(`is not valid before ${start.toISOString()}`)];
  if (end <= now) return [refuses(`expired at ${until}`)];
  if (days < MIN_DAYS_LEFT)
    return [
      refuses(`expires at ${until}, in ${days} days; at least ${MIN_DAYS_LEFT} must be left`),
    ];
  return acceptsIf(days < FEW_DAYS_LEFT, `expires at ${until}, in ${days} days`);
}

export interface BasicConstraints {
  readonly isCritical: boolean;
  readonly isCa: boolean;
  /** Contents octets of the INTEGER; undefined if it is not limited. */
  readonly pathLength: Uint8Array | undefined;
}

export function basicConstraintsOf(elements: CertificateElements): BasicConstraints | undefined {
  const extension = extensionOf(elements, OID.basicConstraints);
  if (!extension) return undefined;
  const fields = readDer(extension.value, 'basicConstraints').expect(TAG.sequence).children();
  return {
    isCritical: extension.critical,
    isCa: fields.some(({ tag, content }) => tag === TAG.boolean && content[0] === 0xff),
    pathLength: fields.find(({ tag }) => tag === TAG.integer)?.content,
  };
}

const isNegative = (integer: Uint8Array) => ((integer[0] ?? 0x80) & 0x80) !== 0;

/** Whether it is the certificate of a CA, with a path length that has a meaning. */
export function lintConstraints(elements: CertificateElements): Finding[] {
  const constraints = basicConstraintsOf(elements);
  if (!constraints) return [refuses('has no basicConstraints: it is not a CA certificate')];
  const { isCa, pathLength } = constraints;
  return [
    ...refusesIf(!isCa, 'has basicConstraints CA:FALSE: it is not a CA certificate'),
    ...refusesIf(
      pathLength !== undefined && isNegative(pathLength),
      'has a negative pathLenConstraint',
    ),
  ];
}

export const lintPathLengthZero = (elements: CertificateElements): Finding[] =>
  acceptsIf(
    basicConstraintsOf(elements)?.pathLength?.every((octet) => octet === 0) === true,
    'has pathLenConstraint 0: no CA certificate can be below it, so it cannot cross-sign a later version',
  );

/** Bits of KeyUsage (RFC 5280 section 4.2.1.3). */
const [KEY_CERT_SIGN, CRL_SIGN] = [0x04, 0x02];

export function lintKeyUsage(elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.keyUsage);
  if (!extension) return [accepts('has no keyUsage')];
  const [, bits = 0] = readDer(extension.value, 'keyUsage').expect(TAG.bitString).content;
  if ((bits & KEY_CERT_SIGN) === 0) return [refuses('has a keyUsage without keyCertSign')];
  return acceptsIf((bits & CRL_SIGN) === 0, 'has a keyUsage without cRLSign');
}

/** Tag of keyIdentifier in AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1). */
export const AKI_KEY_IDENTIFIER = 0x80;

/** Leaf certificates contain a copy of it. Real ones have 20 or 32 octets. */
const MAX_KEY_IDENTIFIER = 64;

export function lintKeyIdentifier(elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.subjectKeyIdentifier);
  if (!extension)
    return [
      accepts(
        'has no subjectKeyIdentifier: leaf certificates name its key by its SHA-1 digest (RFC 5280 section 4.2.1.2)',
      ),
    ];
  const { length } = readDer(extension.value, 'subjectKeyIdentifier').expect(
    TAG.octetString,
  ).content;
  return refusesIf(
    length === 0 || length > MAX_KEY_IDENTIFIER,
    `has a subjectKeyIdentifier of ${length} octets`,
  );
}

/** What both Go and OpenSSL evaluate when it is critical. */
const MAY_BE_CRITICAL: readonly string[] = [
  OID.basicConstraints,
  OID.keyUsage,
  OID.extKeyUsage,
  OID.subjectAltName,
  OID.nameConstraints,
  OID.certificatePolicies,
];

export function lintExtensions({ extensions }: CertificateElements): Finding[] {
  const ids = extensions.map(({ id }) => id);
  const twice = new Set(ids.filter((id, i) => ids.indexOf(id) !== i));
  const critical = extensions.filter(isUnknownCritical).map(({ id }) => nameOfOid(id));
  return [
    ...refusesIf(twice.size > 0, `has ${[...twice].map(nameOfOid).join(', ')} twice`),
    ...refusesIf(
      critical.length > 0,
      `has critical extensions that Kubernetes cannot evaluate: ${critical.join(', ')}`,
    ),
  ];
}

const isUnknownCritical = ({ id, critical }: Extension) =>
  critical && !MAY_BE_CRITICAL.includes(id);

/**
 * With `requireExplicitPolicy`, every certificate below needs a policy, and leaf certificates have none. Go (1.24 and later)
 * evaluates it on each path; a conforming CA marks it critical (RFC 5280 section 4.2.1.11), and it is refused as such.
 */
export function lintPolicyConstraints(elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.policyConstraints);
  return refusesIf(
    extension !== undefined && !extension.critical,
    'has policyConstraints: leaf certificates have no certificate policies',
  );
}
