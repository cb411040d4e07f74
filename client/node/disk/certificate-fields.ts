/** Fields of a certificate that `node:crypto` does not return as they are encoded. */
import type { X509Certificate } from 'node:crypto';
import { readCertificate } from '../../../lib/certificate/read-certificate.ts';
import { OID } from '../../../lib/der/oids.ts';
import { type Element, readDer, TAG } from '../../../lib/der/read.ts';

export interface CertificateFields {
  readonly subject: Element;
  /** The contents of each extension, by its object identifier. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

/** @throws DerError if it is not DER: `node:crypto` also reads other encodings */
export function readCertificateFields({ raw }: X509Certificate): CertificateFields {
  const { subject, extensions } = readCertificate(new Uint8Array(raw));
  return { subject, extensions: new Map(extensions.map(({ id, value }) => [id, value])) };
}

/** Bit 0 of KeyUsage (RFC 5280 section 4.2.1.3); undefined if the certificate has no such extension. */
export function hasDigitalSignature({ extensions }: CertificateFields): boolean | undefined {
  const usages = extensions.get(OID.keyUsage);
  if (usages === undefined) return undefined;
  const { content } = readDer(usages, 'keyUsage').as(TAG.bitString, 'keyUsage');
  return ((content[1] ?? 0) & 0x80) !== 0;
}

/** `cA` of BasicConstraints, whatever the key usages are: `X509Certificate.ca` is false if they do not fit a CA. */
export function isDeclaredCa({ extensions }: CertificateFields): boolean {
  const constraints = extensions.get(OID.basicConstraints);
  if (constraints === undefined) return false;
  const [ca] = readDer(constraints, 'basicConstraints').children();
  return ca?.tag === TAG.boolean && ca.content[0] !== 0;
}
