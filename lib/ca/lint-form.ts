/**
 * What crypto/x509 of Go cannot parse, though OpenSSL, and so `node:crypto`, does. Every node and client parses these
 * certificates, the ones above the CA, too: a server refuses the connection of a client that presents one it cannot parse.
 */
import {
  type CertificateElements,
  extensionOf,
  readCertificate,
} from '../certificate/read-certificate.ts';
import { nameOfOid } from '../der/oid-names.ts';
import { OID } from '../der/oids.ts';
import { type Element, readDer, readInteger, readOid, TAG } from '../der/read.ts';
import { quote } from '../printable.ts';
import { lintExtensionForms } from './lint-extension-forms.ts';
import { type Finding, findingsOf, refusesIf } from './lint-finding.ts';
import { basicConstraintsOf } from './lint-parts.ts';
import { readNameConstraints } from './name-constraints.ts';

/** RFC 5280 section 4.1.2.2. */
const MAX_SERIAL_OCTETS = 20;
const VERSION_3 = 2;

/** Whether Go can parse a certificate that OpenSSL can. */
export const lintForm = (der: Uint8Array): Finding[] =>
  findingsOf(() => {
    const elements = readCertificate(der);
    return [
      ...refusesIf(
        elements.version !== VERSION_3,
        `is a certificate of version ${elements.version + 1}, not 3: Kubernetes does not see its extensions`,
      ),
      ...refusesIf(
        readInteger(elements.serialNumber).length > MAX_SERIAL_OCTETS,
        `has a serial number of more than ${MAX_SERIAL_OCTETS} octets`,
      ),
      ...lintNames(elements),
      ...lintTimes(elements),
      ...lintPublicKey(elements),
      ...refusesIf(
        (basicConstraintsOf(elements)?.pathLength?.length ?? 0) > 2,
        'has a path length that Kubernetes cannot read',
      ),
      ...lintSubtrees(elements),
      ...lintExtensionForms(elements),
    ];
  });

const text = ({ content }: Element) => Buffer.from(content).toString('latin1');
const matches = (pattern: RegExp) => (value: Element) => pattern.test(text(value));

/** parseASN1String of Go. The keys are tags. */
const STRINGS: Readonly<Record<number, (value: Element) => boolean>> = {
  [TAG.utf8String]: ({ content }) => Buffer.from(Buffer.from(content).toString()).equals(content),
  [TAG.printableString]: matches(/^[A-Za-z0-9 '()+,\-./:=?*&]*$/),
  [TAG.ia5String]: matches(/^[\0-\x7f]*$/),
  18: matches(/^[0-9 ]*$/), // NumericString
  20: () => true, // T61String
  30: ({ content }) => content.length % 2 === 0, // BMPString
};

function lintNames({ issuer, subject }: CertificateElements): Finding[] {
  const unreadable = [issuer, subject]
    .flatMap((name) => name.expect(TAG.sequence).children())
    .flatMap((rdn) => rdn.expect(TAG.set).children())
    .map((attribute) => attribute.fields(['type', 'value']))
    .filter(([, value]) => value && STRINGS[value.tag]?.(value) !== true)
    .flatMap(([type]) => (type ? [nameOfOid(readOid(type))] : []));
  return refusesIf(
    unreadable.length > 0,
    `has a name with ${[...new Set(unreadable)].join(', ')} in an encoding that Kubernetes cannot read (crypto/x509)`,
  );
}

function lintTimes({ validity }: CertificateElements): Finding[] {
  return validity.fields(['notBefore', 'notAfter']).flatMap((time) => {
    const isForm =
      (time.tag === TAG.utcTime && /^\d{12}Z$/.test(text(time))) ||
      (time.tag === TAG.generalizedTime && /^\d{14}Z$/.test(text(time)));
    return refusesIf(
      !isForm || !isMoment(text(time)),
      `has a date that is not in DER: ${quote(text(time))}`,
    );
  });
}

/** Only what no year changes: the 30th of February is found by OpenSSL. */
const isMoment = (digits: string) =>
  /(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\dZ$/.test(digits);

const UNCOMPRESSED = 0x04;

/** With the exponent 1, which OpenSSL accepts, everything is a valid signature. */
function lintPublicKey({ publicKey }: CertificateElements): Finding[] {
  const [algorithm, bits] = publicKey.fields(['algorithm', 'subjectPublicKey']);
  const [type, parameters] = algorithm?.children() ?? [];
  const key = bits?.content.subarray(1) ?? new Uint8Array();
  const id = type ? readOid(type) : '';
  if (id === OID.ecPublicKey)
    return refusesIf(
      key[0] !== UNCOMPRESSED,
      'has a compressed EC key, which Kubernetes cannot read',
    );
  if (id !== OID.rsaEncryption) return [];
  const [, exponent] = readDer(key, 'RSAPublicKey').fields(['modulus', 'publicExponent']);
  const octets = exponent ? readInteger(exponent) : new Uint8Array();
  const number = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return [
    ...refusesIf(
      parameters?.tag !== TAG.null,
      'has an RSA key without NULL as its parameters, which Kubernetes cannot read',
    ),
    ...refusesIf(
      number < 3 || number % 2 === 0 || number > 0x7fffffff,
      `has an RSA key with exponent ${number}`,
    ),
  ];
}

function lintSubtrees(elements: CertificateElements): Finding[] {
  const extension = extensionOf(elements, OID.nameConstraints);
  if (!extension) return [];
  return refusesIf(
    !readNameConstraints(extension.value).isWellFormed,
    'has nameConstraints that Kubernetes cannot read (crypto/x509)',
  );
}
