/** Subject and names of an existing certificate, as a CSR for its successor requests them. */
import type { X509Certificate } from 'node:crypto';
import { readAlternativeNames } from '../../../lib/csr/alternative-names.ts';
import { readSubject } from '../../../lib/csr/subject.ts';
import { OID } from '../../../lib/der/oids.ts';
import type { Violation } from '../../../lib/refusal/violation.ts';
import { readCertificateFields } from '../disk/certificate-fields.ts';
import type { CsrContents } from './make-csr.ts';

export interface ContentsResult {
  readonly contents: CsrContents;
  /** What a CSR cannot request again, because the service would reject it. */
  readonly violations: readonly Violation[];
}

/**
 * Subject and subject alternative names in the order of the certificate, as `kubeadm certs renew --csr-only` used them.
 * @throws DerError if they cannot be parsed
 */
export function contentsOf(certificate: X509Certificate): ContentsResult {
  const fields = readCertificateFields(certificate);
  const { subject, violations } = readSubject(fields.subject);
  const san = fields.extensions.get(OID.subjectAltName);
  if (!san) return { contents: { subject, names: [] }, violations };
  const { names, violations: ofNames } = readAlternativeNames(san);
  return { contents: { subject, names }, violations: [...violations, ...ofNames] };
}
