/** Subject and names of an existing certificate, as a CSR for its successor requests them. */
import type { X509Certificate } from 'node:crypto';
import { readAlternativeNames } from '../../../lib/csr/alternative-names.ts';
import { readSubject } from '../../../lib/csr/subject.ts';
import { OID } from '../../../lib/der/oids.ts';
import { DerError, Element, readDer, readOid } from '../../../lib/der/read.ts';
import type { Violation } from '../../../lib/refusal/violation.ts';
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
  const { subject: name, extensions } = fieldsOf(certificate.raw);
  const { subject, violations } = readSubject(name);
  const san = extensions.map(readExtension).find(({ oid }) => oid === OID.subjectAltName);
  if (!san) return { contents: { subject, names: [] }, violations };
  const { names, violations: ofNames } = readAlternativeNames(san.value);
  return { contents: { subject, names }, violations: [...violations, ...ofNames] };
}

const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** The fields of a TBSCertificate (RFC 5280 section 4.1) that a CSR contains, too. */
function fieldsOf(der: Uint8Array) {
  const [tbs] = readDer(new Uint8Array(der), 'certificate').children();
  const fields = tbs?.children() ?? [];
  const version = fields[0]?.tag === VERSION ? 1 : 0;
  // after the serial number, the signature's algorithm, the issuer and the validity
  const subject = fields[version + 4];
  if (!subject) throw new DerError('certificate: no subject');
  const [extensions] = fields.find(({ tag }) => tag === EXTENSIONS)?.children() ?? [];
  return {
    subject: new Element(subject.tag, subject.raw, subject.content, 'subject'),
    extensions: extensions?.children() ?? [],
  };
}

/** Also with `critical FALSE`, which DER omits: it is only copied from. */
function readExtension(extension: Element): { oid: string; value: Uint8Array } {
  const [id, ...rest] = extension.children();
  const value = rest.at(-1);
  if (!id || !value) throw new DerError('extension: not an Extension');
  return { oid: readOid(id), value: value.content };
}
