/** Fields of a certificate that `node:crypto` does not return as they are encoded. */
import type { X509Certificate } from 'node:crypto';
import { OID } from '../../../lib/der/oids.ts';
import { DerError, type Element, readDer, readOid, TAG } from '../../../lib/der/read.ts';

export interface CertificateFields {
  readonly subject: Element;
  /** The contents of each extension, by its object identifier. */
  readonly extensions: ReadonlyMap<string, Uint8Array>;
}

/** Context tags of TBSCertificate (RFC 5280 section 4.1). */
const [VERSION, EXTENSIONS] = [0xa0, 0xa3];

/** Where the subject is, after serialNumber, signature, issuer and validity. */
const SUBJECT = 4;

/** @throws DerError if it is not DER: `node:crypto` also reads other encodings */
export function readCertificateFields({ raw }: X509Certificate): CertificateFields {
  const [tbs] = readDer(new Uint8Array(raw), 'certificate')
    .as(TAG.sequence, 'certificate')
    .children();
  const fields = tbs?.as(TAG.sequence, 'tbsCertificate').children() ?? [];
  const subject = fields[fields[0]?.tag === VERSION ? SUBJECT + 1 : SUBJECT];
  if (!subject) throw new DerError('tbsCertificate: the subject is missing');
  const [list] = fields.find(({ tag }) => tag === EXTENSIONS)?.children() ?? [];
  const extensions = list?.as(TAG.sequence, 'extensions').children() ?? [];
  return {
    subject: subject.as(TAG.sequence, 'subject'),
    extensions: new Map(extensions.map(readExtension)),
  };
}

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
function readExtension(extension: Element): [oid: string, value: Uint8Array] {
  const fields = extension.as(TAG.sequence, 'extension').children();
  const [id, value] = [fields[0], fields.at(-1)];
  if (!id || !value) throw new DerError('extension: empty');
  return [readOid(id), value.as(TAG.octetString, 'extension.extnValue').content];
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
