/**
 * The CSR for a subordinate CA (PKCS#10, RFC 2986): what a CA of Cakeless has, as a request to the CA above. Only name and
 * key determine it, so a retry, or anyone who audits the signature, draws up the same bytes.
 *
 * A CertificationRequestInfo has four fields, and its second is a Name. A TBSCertificate has an AlgorithmIdentifier there,
 * and at least six fields, so nobody can take the signature for that of a certificate.
 */
import { createHash } from 'node:crypto';
import { toHex, toPem } from '../bytes.ts';
import { keyIdentifierOf } from '../certificate/assemble.ts';
import { readCertificate } from '../certificate/read-certificate.ts';
import { writeSubject } from '../certificate/write-names.ts';
import {
  CA_KEY_USAGES,
  critical,
  keyUsage,
  subjectKeyIdentifier,
} from '../certificate/write-tbs.ts';
import { OID } from '../der/oids.ts';
import { readDer } from '../der/read.ts';
import {
  bitString,
  booleanTrue,
  context,
  oid,
  sequence,
  setOf,
  unsignedInteger,
} from '../der/write.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../signing/signing-algorithm.ts';
import { caKeyIdentifierOf } from './ca-key-identifier.ts';

const VERSION_1 = unsignedInteger(Uint8Array.of(0));

/**
 * CertificationRequestInfo.
 * @param publicKey SubjectPublicKeyInfo in DER
 */
export const writeRequestInfo = (commonName: string, publicKey: Uint8Array): Uint8Array =>
  writeInfo(
    writeSubject({ commonName, organizations: [] }),
    publicKey,
    keyIdentifierOf(readDer(publicKey, 'publicKey')),
  );

/**
 * CertificationRequestInfo for another certificate of the same key. Name and key identifier are those that leaf certificates
 * already have, byte for byte.
 * @param renews the present certificate, DER
 */
export function writeRenewalRequestInfo(renews: Uint8Array): Uint8Array {
  const elements = readCertificate(renews);
  return writeInfo(elements.subject.raw, elements.publicKey.raw, caKeyIdentifierOf(elements));
}

function writeInfo(
  subject: Uint8Array,
  publicKey: Uint8Array,
  keyIdentifier: Uint8Array,
): Uint8Array {
  const extensions = sequence(
    keyUsage(CA_KEY_USAGES),
    critical(OID.basicConstraints, sequence(booleanTrue())),
    subjectKeyIdentifier(keyIdentifier),
  );
  return sequence(
    VERSION_1,
    subject,
    publicKey,
    context(0, sequence(oid(OID.extensionRequest), setOf(extensions))),
  );
}

/** By which a CSR is recorded. */
export const requestDigest = (requestInfo: Uint8Array): string =>
  toHex(createHash('sha256').update(requestInfo).digest());

/** @returns PEM */
export function assembleCsr(
  requestInfo: Uint8Array,
  keySpec: CaKeySpec,
  signature: Uint8Array,
): string {
  const { identifier } = signingAlgorithmOf(keySpec);
  return toPem('CERTIFICATE REQUEST', sequence(requestInfo, identifier, bitString(signature)));
}
