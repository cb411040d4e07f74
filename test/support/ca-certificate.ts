/** CA certificates of any form, good and bad, written octet by octet: no generator writes the bad ones. */
import { createSign, generateKeyPairSync, type KeyObject, sign as signBytes } from 'node:crypto';
import { keyIdentifierOf } from '../../lib/certificate/assemble.ts';
import { OID } from '../../lib/der/oids.ts';
import { readDer } from '../../lib/der/read.ts';
import {
  bitString,
  booleanTrue,
  context,
  derNull,
  directoryString,
  element,
  namedBits,
  octetString,
  oid,
  sequence,
  setOf,
  time,
} from '../../lib/der/write.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface CaCertificateParts {
  readonly keys: KeyPair;
  /** Whose key signs; `keys` by default. */
  readonly signer: KeyPair;
  /** Contents octets of the INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Uint8Array[];
  /** `v1` has no extensions; there is no version 4. */
  readonly version: 'v1' | 'v2' | 'v3' | 'v4';
  /** The whole Validity, instead of the two dates. */
  readonly validity: Uint8Array | undefined;
  /** SubjectPublicKeyInfo, if it is another encoding of the key. */
  readonly spki: Uint8Array | undefined;
  /** AlgorithmIdentifier in the signed part. */
  readonly signature: Uint8Array;
  /** AlgorithmIdentifier beside the signature. */
  readonly signatureAlgorithm: Uint8Array;
  readonly hash: string;
  /** Options of a signature by an RSA key, such as those of RSASSA-PSS. */
  readonly padding: { readonly padding?: number; readonly saltLength?: number };
}

export const newEcKeys = (namedCurve = 'prime256v1'): KeyPair =>
  generateKeyPairSync('ec', { namedCurve });

export const newRsaKeys = (modulusLength: number, publicExponent = 65537): KeyPair =>
  generateKeyPairSync('rsa', { modulusLength, publicExponent });

export const ecdsaWithSha256 = sequence(oid(OID.ecdsaWithSHA256));
export const ecdsaWithSha1 = sequence(oid('1.2.840.10045.4.1'));
export const rsaWithSha256 = sequence(oid(OID.sha256WithRSAEncryption), derNull());
export const ed25519 = sequence(oid('1.3.101.112'));

/** One RDN for each attribute. */
export const nameOf = (...attributes: readonly [type: string, value: Uint8Array][]): Uint8Array =>
  sequence(...attributes.map(([type, value]) => setOf(sequence(oid(type), value))));

export const commonNameOf = (text: string): Uint8Array =>
  nameOf([OID.commonName, directoryString(text)]);

export const utf8 = (text: string): Uint8Array => element(0x0c, Buffer.from(text));

export const extension = (id: string, value: Uint8Array, critical = false): Uint8Array =>
  sequence(oid(id), ...(critical ? [booleanTrue()] : []), octetString(value));

export const integer = (...octets: number[]): Uint8Array => element(0x02, Uint8Array.from(octets));

/** Bits of KeyUsage: 0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign. */
export const keyUsage = (...bits: number[]) => extension(OID.keyUsage, namedBits(bits), true);

export const basicConstraints = (...fields: Uint8Array[]) =>
  extension(OID.basicConstraints, sequence(...fields), true);

export const keyIdentifier = (keys: KeyPair) =>
  extension(OID.subjectKeyIdentifier, octetString(keyIdentifierOf(readDer(spkiOf(keys), 'key'))));

export const spkiOf = ({ publicKey }: KeyPair): Uint8Array =>
  new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));

/** A certificate that nothing is unusual about, with some parts changed. @returns DER */
export function writeCaCertificate(
  keys: KeyPair,
  notBefore: Date,
  changes: Partial<CaCertificateParts> = {},
): Uint8Array {
  const subject = changes.subject ?? commonNameOf('kubernetes');
  const signature = changes.signature ?? ecdsaWithSha256;
  const parts: CaCertificateParts = {
    keys,
    signer: keys,
    serialNumber: Uint8Array.of(1, 2, 3, 4),
    subject,
    issuer: subject,
    notBefore,
    notAfter: new Date(notBefore.getTime() + 3650 * 86_400_000),
    extensions: usualExtensions(keys),
    version: 'v3',
    validity: undefined,
    spki: undefined,
    signature,
    signatureAlgorithm: signature,
    hash: 'sha256',
    padding: {},
    ...changes,
  };
  const tbs = sequence(
    ...(parts.version === 'v1' ? [] : [context(0, integer(Number(parts.version[1]) - 1))]),
    element(0x02, parts.serialNumber),
    parts.signature,
    parts.issuer,
    parts.validity ?? sequence(time(parts.notBefore), time(parts.notAfter)),
    parts.subject,
    parts.spki ?? spkiOf(parts.keys),
    ...(parts.version === 'v1' ? [] : [context(3, sequence(...parts.extensions))]),
  );
  return sequence(tbs, parts.signatureAlgorithm, bitString(signWith(parts, tbs)));
}

/** Without those of `without`, and with more. */
export function usualExtensions(
  keys: KeyPair,
  { without = [], more = [] }: { without?: string[]; more?: Uint8Array[] } = {},
): Uint8Array[] {
  const usual: [string, Uint8Array][] = [
    [OID.keyUsage, keyUsage(0, 5, 6)],
    [OID.basicConstraints, basicConstraints(booleanTrue())],
    [OID.subjectKeyIdentifier, keyIdentifier(keys)],
    [
      OID.subjectAltName,
      extension(OID.subjectAltName, sequence(element(0x82, Buffer.from('kubernetes')))),
    ],
  ];
  return [...usual.filter(([id]) => !without.includes(id)).map(([, value]) => value), ...more];
}

function signWith({ signer, hash, padding }: CaCertificateParts, bytes: Uint8Array): Uint8Array {
  const { privateKey } = signer;
  if (privateKey.asymmetricKeyType === 'ed25519') return signBytes(null, bytes, privateKey);
  return createSign(hash)
    .update(bytes)
    .sign({ key: privateKey, ...padding });
}
