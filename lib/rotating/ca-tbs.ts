/**
 * The TBSCertificates of a new CA version: its own, and the cross certificate. Names are written byte for byte as the
 * version before has them, which no generator of certificates does.
 */
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

/** Bits of KeyUsage (RFC 5280 section 4.2.1.3). */
export const KEY_USAGE = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;

export interface CaTbsFields {
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
  readonly subjectKeyIdentifier: Uint8Array;
  /** Of the key that signs; a certificate that signs itself needs none. */
  readonly authorityKeyIdentifier?: Uint8Array;
  /** Bits of KeyUsage. */
  readonly keyUsage: readonly number[];
  readonly dnsName?: string;
}

const VERSION_3 = context(0, unsignedInteger(Uint8Array.of(2)));
const CA_TRUE = sequence(booleanTrue());

export function writeCaTbs(fields: CaTbsFields): Uint8Array {
  return sequence(
    VERSION_3,
    unsignedInteger(fields.serialNumber),
    fields.algorithm.identifier,
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.publicKey,
    context(3, sequence(...writeExtensions(fields))),
  );
}

function writeExtensions(fields: CaTbsFields): Uint8Array[] {
  const { authorityKeyIdentifier: authority, dnsName } = fields;
  return [
    critical(OID.keyUsage, namedBits(fields.keyUsage)),
    critical(OID.basicConstraints, CA_TRUE),
    extension(OID.subjectKeyIdentifier, octetString(fields.subjectKeyIdentifier)),
    ...(authority
      ? [extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, authority)))]
      : []),
    ...(dnsName === undefined
      ? []
      : [
          extension(
            OID.subjectAltName,
            sequence(contextPrimitive(2, Buffer.from(dnsName, 'latin1'))),
          ),
        ]),
  ];
}

const extension = (id: string, value: Uint8Array): Uint8Array =>
  sequence(oid(id), octetString(value));

const critical = (id: string, value: Uint8Array): Uint8Array =>
  sequence(oid(id), booleanTrue(), octetString(value));
