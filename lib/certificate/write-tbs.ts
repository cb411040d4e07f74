/** Writes the part of a certificate that is signed (RFC 5280 section 4.1), and the extensions that more than one has. */
import { OID } from '../der/oids.ts';
import {
  booleanTrue,
  context,
  contextPrimitive,
  namedBits,
  octetString,
  oid,
  sequence,
  time,
  unsignedInteger,
} from '../der/write.ts';
import type { SigningAlgorithm } from '../signing/signing-algorithm.ts';

export interface TbsFields {
  /** Octets of a positive INTEGER. */
  readonly serialNumber: Uint8Array;
  /** Of the key that signs. */
  readonly algorithm: SigningAlgorithm;
  /** Names in DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array;
}

const VERSION_3 = context(0, unsignedInteger(Uint8Array.of(2)));

/** TBSCertificate. */
export const writeTbs = (fields: TbsFields, extensions: readonly Uint8Array[]): Uint8Array =>
  sequence(
    VERSION_3,
    unsignedInteger(fields.serialNumber),
    fields.algorithm.identifier,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.publicKey,
    context(3, sequence(...extensions)),
  );

/** @param value in DER: the contents of its OCTET STRING */
export const extension = (id: string, value: Uint8Array): Uint8Array =>
  sequence(oid(id), octetString(value));

export const critical = (id: string, value: Uint8Array): Uint8Array =>
  sequence(oid(id), booleanTrue(), octetString(value));

/** Bits of KeyUsage (RFC 5280 section 4.2.1.3). */
const KEY_USAGE = {
  digitalSignature: 0,
  keyEncipherment: 2,
  keyCertSign: 5,
  cRLSign: 6,
} as const;

export type KeyUsage = keyof typeof KEY_USAGE;

/** Of the CAs that are made here. */
export const CA_KEY_USAGES: readonly KeyUsage[] = ['digitalSignature', 'keyCertSign', 'cRLSign'];

export const keyUsage = (usages: readonly KeyUsage[]): Uint8Array =>
  critical(OID.keyUsage, namedBits(usages.map((usage) => KEY_USAGE[usage])));

export const subjectKeyIdentifier = (identifier: Uint8Array): Uint8Array =>
  extension(OID.subjectKeyIdentifier, octetString(identifier));

export const authorityKeyIdentifier = (identifier: Uint8Array): Uint8Array =>
  extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, identifier)));
