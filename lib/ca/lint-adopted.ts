/**
 * Lints a CA certificate that a cluster already has, before it is adopted. It cannot be changed any more, so everything
 * that verifiers accept is accepted, and named; what would make leaf certificates invalid, now or soon, is refused. The
 * sources are crypto/x509 of Go, which Kubernetes and etcd verify with, and OpenSSL's -x509_strict.
 */
import { X509Certificate } from 'node:crypto';
import { toHex } from '../bytes.ts';
import {
  type CertificateElements,
  type Extension,
  extensionOf,
  readCertificate,
} from '../certificate/read-certificate.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { DerError, type Element, readDer, readOid, TAG } from '../der/read.ts';
import { parseIpAddress } from '../ip-address.ts';
import { quote } from '../printable.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import {
  type ExtendedKeyUsage,
  KUBELET_PROFILES,
  PROFILES,
  USER_PROFILE,
} from '../profiles/profiles.ts';
import { judgeAdoptedKey } from './adopted-key.ts';
import { CA_COMMON_NAMES } from './common-names.ts';
import { admitsAddress, admitsDnsName, readNameConstraints } from './name-constraints.ts';

/** `accepts`: unusual, but leaf certificates are valid. `refuses`: the CA cannot be adopted. */
export type FindingLevel = 'accepts' | 'refuses';

export interface Finding {
  readonly level: FindingLevel;
  /** What the certificate has or is: a sentence without its subject, such as `has no subjectKeyIdentifier`. */
  readonly text: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const MIN_DAYS_LEFT = 30;
const FEW_DAYS_LEFT = 2 * 365;

/** Everything that is unusual or wrong with the certificate of a CA. */
export function lintAdopted(ca: CaName, der: Uint8Array, now: Date): Finding[] {
  try {
    const certificate = new X509Certificate(der);
    const elements = readCertificate(der);
    const findings = [
      ...lintKey(elements),
      ...lintSignature(certificate, elements),
      ...lintName(ca, elements),
      ...lintSerialNumber(elements),
      ...lintDates(certificate, now),
      ...lintConstraints(elements),
      ...lintUsages(ca, elements),
      ...lintKeyIdentifier(elements),
      ...lintNameConstraints(ca, elements),
      ...lintExtensions(elements),
    ];
    return [...findings, ...lintSelfIssued(certificate, findings)];
  } catch (error) {
    return [refuses(`cannot be read: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

const accepts = (text: string): Finding => ({ level: 'accepts', text });
const refuses = (text: string): Finding => ({ level: 'refuses', text });
const refusesIf = (condition: boolean, text: string) => (condition ? [refuses(text)] : []);
const acceptsIf = (condition: boolean, text: string) => (condition ? [accepts(text)] : []);

const KEYS = 'RSA of 2048, 3072 or 4096 bits with exponent 65537, or EC on P-256 or P-384';

function lintKey({ publicKey }: CertificateElements): Finding[] {
  const key = judgeAdoptedKey(publicKey);
  if ('keySpec' in key) return [];
  return key.problems.map((got) =>
    refuses(`has a key that the service cannot use: ${got}; ${KEYS}`),
  );
}

/** Nobody verifies the signature of a certificate that they trust, so that its algorithm does not matter. */
function lintSignature(certificate: X509Certificate, elements: CertificateElements): Finding[] {
  const { issuer, subject, signature, signatureAlgorithm } = elements;
  if (toHex(issuer.raw) !== toHex(subject.raw))
    return [
      refuses(
        `is issued by ${quote(certificate.issuer.replaceAll('\n', ', '))}, not self-signed: a CA below another one is not adopted with this command`,
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

function lintName(ca: CaName, { subject }: CertificateElements): Finding[] {
  const rdns = subject.children();
  if (rdns.length === 0) return [refuses('has an empty subject')];
  const attributes = rdns.flatMap((rdn) => rdn.expect(TAG.set).children());
  const [commonName, ...more] = attributes.filter(isCommonName).map(valueIn);
  const other = Object.entries(CA_COMMON_NAMES).find(
    ([name, common]) => name !== ca && commonName && textOf(commonName) === common,
  );
  return [
    ...refusesIf(
      other !== undefined && more.length === 0,
      `has the name of another CA, CN=${other?.[1]}, which is kubeadm's name of ${other?.[0]}`,
    ),
    ...acceptsIf(attributes.length > 1, `has a subject of ${attributes.length} attributes`),
    ...acceptsIf(
      attributes.map(valueIn).some(({ tag }) => tag !== TAG.printableString),
      'has a subject that is not all PrintableString, which is what Kubernetes itself writes; issuer names of leaf certificates are copied byte for byte',
    ),
  ];
}

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

function lintSerialNumber({ serialNumber: { content } }: CertificateElements): Finding[] {
  const isZero = content.every((octet) => octet === 0);
  const isNegative = ((content[0] ?? 0) & 0x80) !== 0;
  return [
    ...acceptsIf(isZero, 'has serial number 0'),
    ...refusesIf(
      isNegative || content.length === 0,
      'has a negative serial number, which Kubernetes cannot read (Go 1.23 and later)',
    ),
  ];
}

function lintDates({ validFrom, validTo }: X509Certificate, now: Date): Finding[] {
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

function lintConstraints(elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.basicConstraints);
  if (!extension) return [refuses('has no basicConstraints: it is not a CA certificate')];
  const fields = readDer(extension.value, 'basicConstraints').expect(TAG.sequence).children();
  const isCa = fields.some(({ tag, content }) => tag === TAG.boolean && content[0] === 0xff);
  const pathLength = fields.find(({ tag }) => tag === TAG.integer)?.content;
  return [
    ...refusesIf(!isCa, 'has basicConstraints CA:FALSE: it is not a CA certificate'),
    ...refusesIf(
      pathLength !== undefined && ((pathLength[0] ?? 0x80) & 0x80) !== 0,
      'has a negative path length',
    ),
    ...acceptsIf(
      pathLength?.every((octet) => octet === 0) === true,
      'has path length 0: no CA certificate can be below it',
    ),
    ...acceptsIf(!extension.critical, 'has basicConstraints that are not critical'),
  ];
}

/** Bits of KeyUsage (RFC 5280 section 4.2.1.3). */
const [KEY_CERT_SIGN, CRL_SIGN] = [0x04, 0x02];

function lintUsages(ca: CaName, elements: CertificateElements): Finding[] {
  return [...lintKeyUsage(elements), ...lintExtendedKeyUsage(ca, elements)];
}

function lintKeyUsage(elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.keyUsage);
  if (!extension) return [accepts('has no keyUsage')];
  const [, bits = 0] = readDer(extension.value, 'keyUsage').expect(TAG.bitString).content;
  if ((bits & KEY_CERT_SIGN) === 0) return [refuses('has a keyUsage without keyCertSign')];
  return acceptsIf((bits & CRL_SIGN) === 0, 'has a keyUsage without cRLSign');
}

function lintExtendedKeyUsage(ca: CaName, elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.extKeyUsage);
  if (!extension) return [];
  const usages = readDer(extension.value, 'extKeyUsage').children().map(readOid);
  if (usages.includes(OID.anyExtendedKeyUsage)) return [accepts('has an extKeyUsage for any use')];
  const missing = usagesOf(ca).filter((usage) => !usages.includes(OID[usage]));
  if (missing.length === 0) return [accepts('has an extKeyUsage')];
  return [
    refuses(`has an extKeyUsage without ${missing.join(', ')}, which its leaf certificates need`),
  ];
}

/** What the certificates of a CA are for. */
function usagesOf(ca: CaName): ExtendedKeyUsage[] {
  const kubeadm = PROFILES.filter((profile) => profile.ca === ca);
  const others = [USER_PROFILE, ...KUBELET_PROFILES].filter(({ cas }) => cas.includes(ca));
  return [...new Set([...kubeadm, ...others].flatMap((profile) => profile.extendedKeyUsages))];
}

/** Leaf certificates contain a copy of it. Real ones have 20 or 32 octets. */
const MAX_KEY_IDENTIFIER = 64;

function lintKeyIdentifier(elements: CertificateElements): Finding[] {
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

/**
 * Names that the certificates of a CA have in every cluster. OpenSSL also compares common names that look like DNS names,
 * in certificates without DNS names.
 */
const NAMES: Record<CaName, { readonly dns: readonly string[]; readonly ip: readonly string[] }> = {
  ca: {
    dns: [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kube-apiserver-kubelet-client',
      'kubernetes-admin',
    ],
    ip: [],
  },
  'etcd-ca': {
    dns: ['localhost', 'kube-apiserver-etcd-client', 'kube-etcd-healthcheck-client'],
    ip: ['127.0.0.1', '::1'],
  },
  'front-proxy-ca': { dns: ['front-proxy-client'], ip: [] },
  'kubelet-ca': { dns: [], ip: [] },
};

function lintNameConstraints(ca: CaName, elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.nameConstraints);
  if (!extension) return [];
  const constraints = readNameConstraints(extension.value);
  const { dns, ip } = NAMES[ca];
  const excluded = [
    ...dns.filter((name) => !admitsDnsName(constraints, name)),
    ...ip.filter((text) => !admitsAddress(constraints, parseIpAddress(text) ?? new Uint8Array())),
  ];
  const { otherTypes } = constraints;
  return [
    ...refusesIf(
      excluded.length > 0,
      `has nameConstraints that exclude ${excluded.join(', ')}, which its leaf certificates need`,
    ),
    ...refusesIf(
      otherTypes.length > 0,
      `has nameConstraints for ${[...new Set(otherTypes)].join(', ')}, which Kubernetes cannot check (crypto/x509)`,
    ),
    ...acceptsIf(
      excluded.length === 0 && otherTypes.length === 0,
      'has nameConstraints: certificates for other names will not be accepted by anyone',
    ),
  ];
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

function lintExtensions({ extensions }: CertificateElements): Finding[] {
  const ids = extensions.map(({ id }) => id);
  const twice = new Set(ids.filter((id, i) => ids.indexOf(id) !== i));
  const critical = extensions.filter(isUnknownCritical).map(({ id }) => nameOfOid(id));
  return [
    ...refusesIf(twice.size > 0, `has ${[...twice].map(nameOfOid).join(', ')} twice`),
    ...refusesIf(
      critical.length > 0,
      `has critical extensions that Kubernetes cannot evaluate: ${critical.join(', ')}`,
    ),
    ...acceptsIf(!ids.includes(OID.subjectAltName), 'has no subjectAltName'),
  ];
}

const isUnknownCritical = ({ id, critical }: Extension) =>
  critical && !MAY_BE_CRITICAL.includes(id);
