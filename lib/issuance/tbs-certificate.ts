/** Writes the TBSCertificate of a leaf certificate (RFC 5280 section 4.1) from values. */
import type { IssuingCa } from '../ca/issuing-ca.ts';
import { keyIdentifierOf } from '../certificate/assemble.ts';
import { writeAlternativeNames, writeSubject } from '../certificate/write-names.ts';
import { OID } from '../der/oids.ts';
import { readDer } from '../der/read.ts';
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
import { type CertificateFields, keyUsageBits } from './certificate-fields.ts';

const VERSION_3 = context(0, unsignedInteger(Uint8Array.of(2)));

export function writeTbsCertificate(fields: CertificateFields, ca: IssuingCa): Uint8Array {
  return sequence(
    VERSION_3,
    unsignedInteger(fields.serialNumber),
    ca.algorithm.identifier,
    ca.subject,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    writeSubject(fields.subject),
    fields.publicKey,
    context(3, sequence(...writeExtensions(fields, ca))),
  );
}

/** basicConstraints with cA DEFAULT FALSE. */
const NO_CA = critical(OID.basicConstraints, sequence());

/** In kubeadm's order, and with subjectKeyIdentifier, which Python 3.13's strict mode and others look for. */
function writeExtensions(fields: CertificateFields, ca: IssuingCa): Uint8Array[] {
  const subjectKeyId = keyIdentifierOf(readDer(fields.publicKey, 'subjectPublicKeyInfo'));
  return [
    critical(OID.keyUsage, namedBits(keyUsageBits(fields))),
    extension(OID.extKeyUsage, sequence(...fields.extendedKeyUsages.map((u) => oid(OID[u])))),
    NO_CA,
    extension(OID.subjectKeyIdentifier, octetString(subjectKeyId)),
    extension(OID.authorityKeyIdentifier, sequence(contextPrimitive(0, ca.keyIdentifier))),
    ...(fields.names.length > 0
      ? [extension(OID.subjectAltName, writeAlternativeNames(fields.names))]
      : []),
  ];
}

function extension(id: string, value: Uint8Array): Uint8Array {
  return sequence(oid(id), octetString(value));
}

function critical(id: string, value: Uint8Array): Uint8Array {
  return sequence(oid(id), booleanTrue(), octetString(value));
}
