/**
 * The name by which a cross certificate says which certificate it is about: that of a CA below another one is not signed by
 * its own key, so without the name anyone could choose everything that the cross certificate does not determine, such as how
 * long the CA is valid. It is a URI of RFC 6920, as subject alternative name.
 */
import { createHash } from 'node:crypto';
import { contextPrimitive, sequence } from '../der/write.ts';

/** uniformResourceIdentifier (RFC 5280 section 4.2.1.6). */
const URI = 6;

/** GeneralNames in DER. @param certificate DER */
export function nameOfCertificate(certificate: Uint8Array): Uint8Array {
  const digest = createHash('sha256').update(certificate).digest('base64url');
  return sequence(contextPrimitive(URI, Buffer.from(`ni:///sha-256;${digest}`, 'latin1')));
}
