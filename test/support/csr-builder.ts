/**
 * Builds CSRs with any defect from parts. Each part is a complete DER element or raw bytes, so that a case contains only its
 * defect. They are signed with real keys, unless the case has its own signature.
 */
import { TAG } from '../../lib/der/read.ts';
import {
  bitString,
  booleanTrue,
  contextPrimitive,
  derNull,
  element,
  octetString,
  oid,
  sequence,
} from '../../lib/der/write.ts';
import type { TestKey } from './csr-builder-keys.ts';

export interface CsrParts {
  readonly key: TestKey;
  readonly version?: Uint8Array;
  readonly subject: Uint8Array;
  /** SubjectPublicKeyInfo; by default that of the key. */
  readonly spki?: Uint8Array;
  /** Attributes in their `[0]`. */
  readonly attributes?: Uint8Array;
  /** AlgorithmIdentifier; by default that of the key's signatures. */
  readonly signatureAlgorithm?: Uint8Array;
  /** The signature; by default the key's, over the request. */
  readonly sign?: (signed: Uint8Array) => Uint8Array;
}

/** CertificationRequest (RFC 2986 section 4.2), in DER if the parts are. */
export function buildCsr(parts: CsrParts): Uint8Array {
  const { key, subject, version = integer(0), spki = key.spki } = parts;
  const info = sequence(version, subject, spki, parts.attributes ?? attributes());
  return envelope(info, parts);
}

/** Signs any bytes as the CertificationRequestInfo. */
export function envelope(
  info: Uint8Array,
  { key, signatureAlgorithm, sign }: Pick<CsrParts, 'key' | 'signatureAlgorithm' | 'sign'>,
): Uint8Array {
  const signature = sign ? sign(info) : key.sign(info);
  return sequence(info, signatureAlgorithm ?? key.signatureAlgorithm, bitString(signature));
}

export const integer = (...octets: number[]) => element(TAG.integer, Uint8Array.from(octets));
export const utf8 = (text: string) => element(TAG.utf8String, Buffer.from(text));
export const printable = (text: string) => element(TAG.printableString, Buffer.from(text));
/** An AlgorithmIdentifier with these parameters, by default NULL. */
export const algorithm = (dotted: string, ...parameters: Uint8Array[]) =>
  sequence(oid(dotted), ...(parameters.length > 0 ? parameters : [derNull()]));

// Subjects

export const CN = '2.5.4.3';
export const O = '2.5.4.10';

export const attribute = (type: string, value: Uint8Array | string) =>
  sequence(oid(type), typeof value === 'string' ? printable(value) : value);
export const rdn = (...parts: Uint8Array[]) => element(TAG.set, ...parts);
export const rdnSequence = (...rdns: Uint8Array[]) => sequence(...rdns);
/** A Name with one attribute per RDN, as OpenSSL writes it. */
export const name = (...pairs: (readonly [type: string, value: Uint8Array | string])[]) =>
  rdnSequence(...pairs.map(([type, value]) => rdn(attribute(type, value))));

// Attributes and extensions

export const attributes = (...parts: Uint8Array[]) => element(0xa0, ...parts);
export const csrAttribute = (type: string, ...values: Uint8Array[]) =>
  sequence(oid(type), element(TAG.set, ...values));
export const extensionRequest = (...extensions: Uint8Array[]) =>
  csrAttribute('1.2.840.113549.1.9.14', sequence(...extensions));
export const extension = (type: string, value: Uint8Array) =>
  sequence(oid(type), octetString(value));
export const criticalExtension = (type: string, value: Uint8Array) =>
  sequence(oid(type), booleanTrue(), octetString(value));

// Subject alternative names

export const SAN = '2.5.29.17';

export const san = (...names: Uint8Array[]) => extension(SAN, sequence(...names));
/** Attributes with a SAN extension only, as kubeadm writes them. */
export const withNames = (...names: Uint8Array[]) => attributes(extensionRequest(san(...names)));
export const dns = (text: string) => contextPrimitive(2, Buffer.from(text, 'latin1'));
export const ip = (...octets: number[]) => contextPrimitive(7, Uint8Array.from(octets));

// PEM

export interface PemStyle {
  readonly label?: string;
  readonly lineLength?: number;
  readonly lineEnd?: string;
}

/** A PEM block; by default in the strict form of RFC 7468. */
export function toPem(der: Uint8Array, style: PemStyle = {}): string {
  const { label = 'CERTIFICATE REQUEST', lineLength = 64, lineEnd = '\n' } = style;
  const base64 = Buffer.from(der).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${lineLength}}`, 'g')) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join(lineEnd);
}
