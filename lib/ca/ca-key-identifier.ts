import { sha1KeyIdentifierOf } from '../certificate/assemble.ts';
import { type CertificateElements, extensionOf } from '../certificate/read-certificate.ts';
import { OID } from '../der/oids.ts';
import { readDer, TAG } from '../der/read.ts';

/**
 * An existing subjectKeyIdentifier is copied: OpenSSL compares it with the leaf's authorityKeyIdentifier. A CA certificate
 * without one, as kubeadm created them up to 1.18, has nothing to compare with; the identifier is computed as Go would
 * have. Issuer and serial number would tie leaf certificates to this one certificate of the CA, so they are never used.
 */
export function caKeyIdentifierOf(certificate: CertificateElements): Uint8Array {
  const extension = extensionOf(certificate, OID.subjectKeyIdentifier);
  return extension
    ? Uint8Array.from(readDer(extension.value, 'ski').expect(TAG.octetString).content)
    : sha1KeyIdentifierOf(certificate.publicKey);
}
