/** Writes the TBSCertificate of a leaf certificate (RFC 5280 section 4.1) from values. */
import type { IssuingCa } from '../ca/issuing-ca.ts';
import { keyIdentifierOf } from '../certificate/assemble.ts';
import { writeAlternativeNames, writeSubject } from '../certificate/write-names.ts';
import {
  authorityKeyIdentifier,
  critical,
  extension,
  keyUsage,
  subjectKeyIdentifier,
  writeTbs,
} from '../certificate/write-tbs.ts';
import { OID } from '../der/oids.ts';
import { readDer } from '../der/read.ts';
import { oid, sequence } from '../der/write.ts';
import { type CertificateFields, keyUsagesOf } from './certificate-fields.ts';

export function writeTbsCertificate(fields: CertificateFields, ca: IssuingCa): Uint8Array {
  const { serialNumber, notBefore, notAfter, publicKey } = fields;
  return writeTbs(
    {
      ...{ serialNumber, notBefore, notAfter, publicKey },
      algorithm: ca.algorithm,
      issuer: ca.subject,
      subject: writeSubject(fields.subject),
    },
    writeExtensions(fields, ca),
  );
}

/** basicConstraints with cA DEFAULT FALSE. */
const NO_CA = critical(OID.basicConstraints, sequence());

/** In kubeadm's order, and with subjectKeyIdentifier, which Python 3.13's strict mode and others look for. */
function writeExtensions(fields: CertificateFields, ca: IssuingCa): Uint8Array[] {
  return [
    keyUsage(keyUsagesOf(fields)),
    extension(OID.extKeyUsage, sequence(...fields.extendedKeyUsages.map((u) => oid(OID[u])))),
    NO_CA,
    subjectKeyIdentifier(keyIdentifierOf(readDer(fields.publicKey, 'subjectPublicKeyInfo'))),
    authorityKeyIdentifier(ca.keyIdentifier),
    ...(fields.names.length > 0
      ? [extension(OID.subjectAltName, writeAlternativeNames(fields.names))]
      : []),
  ];
}
