/**
 * The TBSCertificates of a new CA version: its own, and the cross certificate. Names are written byte for byte as the
 * version before has them, which no generator of certificates does.
 */
import {
  authorityKeyIdentifier,
  critical,
  extension,
  type KeyUsage,
  keyUsage,
  subjectKeyIdentifier,
  type TbsFields,
  writeTbs,
} from '../certificate/write-tbs.ts';
import { OID } from '../der/oids.ts';
import { booleanTrue, sequence } from '../der/write.ts';

export interface CaTbsFields extends TbsFields {
  readonly subjectKeyIdentifier: Uint8Array;
  /** Of the key that signs; a certificate that signs itself needs none. */
  readonly authorityKeyIdentifier?: Uint8Array;
  readonly keyUsages: readonly KeyUsage[];
  /** GeneralNames in DER. */
  readonly alternativeNames?: Uint8Array;
}

const CA_TRUE = sequence(booleanTrue());

export function writeCaTbs(fields: CaTbsFields): Uint8Array {
  const { authorityKeyIdentifier: authority, alternativeNames: names } = fields;
  return writeTbs(fields, [
    keyUsage(fields.keyUsages),
    critical(OID.basicConstraints, CA_TRUE),
    subjectKeyIdentifier(fields.subjectKeyIdentifier),
    ...(authority ? [authorityKeyIdentifier(authority)] : []),
    ...(names ? [extension(OID.subjectAltName, names)] : []),
  ]);
}
