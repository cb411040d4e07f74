/** The fields of a certificate as they are encoded, which `node:crypto` does not return. */
import { DerError, type Element, readBoolean, readDer, readOid, TAG } from '../der/read.ts';

export interface CertificateElements {
  /** As it is encoded: 2 for version 3. */
  readonly version: number;
  readonly serialNumber: Element;
  /** AlgorithmIdentifier in the part that is signed, and the one beside the signature. */
  readonly signature: Element;
  readonly signatureAlgorithm: Element;
  readonly issuer: Element;
  readonly validity: Element;
  readonly subject: Element;
  readonly publicKey: Element;
  /** In their order; a certificate must not have two of one type. */
  readonly extensions: readonly Extension[];
}

export interface Extension {
  readonly id: string;
  readonly critical: boolean;
  /** The contents of its OCTET STRING. */
  readonly value: Uint8Array;
}

/** Context tags of TBSCertificate (RFC 5280 section 4.1). */
const [VERSION, EXTENSIONS] = [0xa0, 0xa3];

/** @throws DerError if it is not a certificate in DER: `node:crypto` also reads other encodings */
export function readCertificate(der: Uint8Array): CertificateElements {
  const parts = readDer(der, 'certificate').expect(TAG.sequence).children();
  const [tbs, signatureAlgorithm] = parts;
  const all = tbs?.expect(TAG.sequence).children() ?? [];
  const fields = all[0]?.tag === VERSION ? all.slice(1) : all;
  const [serialNumber, signature, issuer, validity, subject, publicKey] = fields;
  if (!signatureAlgorithm || !serialNumber || !signature || !issuer)
    throw new DerError('certificate: incomplete');
  if (!validity || !subject || !publicKey) throw new DerError('certificate: incomplete');
  const [list] = fields.find(({ tag }) => tag === EXTENSIONS)?.children() ?? [];
  return {
    version: all.length > fields.length ? versionIn(all[0]) : 0,
    serialNumber: serialNumber.expect(TAG.integer),
    signature,
    signatureAlgorithm,
    issuer,
    validity,
    subject: subject.as(TAG.sequence, 'subject'),
    publicKey,
    extensions: (list?.as(TAG.sequence, 'extensions').children() ?? []).map(readExtension),
  };
}

const versionIn = (explicit: Element | undefined): number =>
  explicit?.children()[0]?.expect(TAG.integer).content[0] ?? 0;

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
function readExtension(extension: Element): Extension {
  const fields = extension.as(TAG.sequence, 'extension').children();
  const [id, critical, value] = fields.length === 3 ? fields : [fields[0], undefined, fields[1]];
  if (!id || !value) throw new DerError('extension: incomplete');
  return {
    id: readOid(id),
    critical: critical ? readBoolean(critical) : false,
    value: value.as(TAG.octetString, 'extension.extnValue').content,
  };
}

/** The contents of an extension; undefined if the certificate does not have it. */
export function extensionOf(
  { extensions }: Pick<CertificateElements, 'extensions'>,
  id: string,
): Extension | undefined {
  return extensions.find((extension) => extension.id === id);
}
