/** Converts the fields of a certificate to its record and back. */
import { toBase64, toHex } from '../bytes.ts';
import type { IssueRecord } from '../contract/decision-record.ts';
import { namesByType } from '../policy/issuance-plan.ts';
import type { CertificateFields } from './certificate-fields.ts';

export function describeFields(fields: CertificateFields): IssueRecord['certificate'] {
  return {
    serialNumber: toHex(fields.serialNumber),
    notBefore: fields.notBefore.toISOString(),
    notAfter: fields.notAfter.toISOString(),
    commonName: fields.subject.commonName,
    organizations: [...fields.subject.organizations],
    ...namesByType(fields.names),
    extendedKeyUsages: [...fields.extendedKeyUsages],
    keyAlgorithm: fields.keyAlgorithm,
    publicKey: toBase64(fields.publicKey),
  };
}

/** What the draft is linted against. */
export function fieldsOf({ certificate }: IssueRecord): CertificateFields {
  return {
    serialNumber: Buffer.from(certificate.serialNumber, 'hex'),
    notBefore: new Date(certificate.notBefore),
    notAfter: new Date(certificate.notAfter),
    subject: { commonName: certificate.commonName, organizations: certificate.organizations },
    names: [
      ...certificate.dnsNames.map((value) => ({ type: 'DNS' as const, value })),
      ...certificate.ipAddresses.map((value) => ({ type: 'IP' as const, value })),
    ],
    publicKey: Buffer.from(certificate.publicKey, 'base64'),
    keyAlgorithm: certificate.keyAlgorithm,
    extendedKeyUsages: certificate.extendedKeyUsages,
  };
}
