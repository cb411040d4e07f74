/**
 * The record of a decision: written before anything follows from it, never changed. Its key derives from the
 * request's, so a request has one at most. All records together are the ledger.
 */
import * as z from 'zod/mini';
import type { AlternativeName } from '../csr/alternative-names.ts';
import { CA_NAMES, ISSUED_NAMES } from '../profiles/certificate-names.ts';
import type { Violation } from '../refusal/violation.ts';
import type { CertificateFields } from './certificate-fields.ts';

const common = {
  schema: z.literal(1),
  /** Key of the request in the exchange bucket. */
  request: z.string(),
  /** SHA-256 of the uploaded object, lower-case hex. */
  csrSha256: z.string(),
  /** Who uploaded, as the S3 event named it. */
  uploader: z.optional(z.string()),
  decidedAt: z.string(),
};

const issueRecordSchema = z.object({
  ...common,
  decision: z.literal('issue'),
  certificateName: z.enum(ISSUED_NAMES),
  kubernetesVersion: z.string(),
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  caVersion: z.number(),
  keyId: z.string(),
  /** Whose approval it needed, and had. */
  approval: z.optional(z.string()),
  /** Who wrote the approval, as its S3 event named it. */
  approver: z.optional(z.string()),
  certificate: z.object({
    serialNumber: z.string(),
    notBefore: z.string(),
    notAfter: z.string(),
    commonName: z.string(),
    organizations: z.array(z.string()),
    dnsNames: z.array(z.string()),
    ipAddresses: z.array(z.string()),
    extendedKeyUsages: z.array(z.enum(['serverAuth', 'clientAuth'])),
    keyAlgorithm: z.enum(['RSA', 'EC']),
    /** SubjectPublicKeyInfo, DER in base64. */
    publicKey: z.string(),
  }),
  /** The TBSCertificate that is signed, DER in base64: a retry signs these bytes. */
  tbs: z.string(),
});

const rejectRecordSchema = z.object({
  ...common,
  decision: z.literal('reject'),
  certificateName: z.optional(z.enum(ISSUED_NAMES)),
  violations: z.array(
    z.object({
      code: z.string(),
      field: z.string(),
      got: z.string(),
      allowed: z.string(),
      fix: z.string(),
    }),
  ),
});

export const decisionRecordSchema = z.discriminatedUnion('decision', [
  issueRecordSchema,
  rejectRecordSchema,
]);

export type IssueRecord = z.infer<typeof issueRecordSchema>;
export type RejectRecord = Omit<z.infer<typeof rejectRecordSchema>, 'violations'> & {
  violations: readonly (Omit<Violation, 'code'> & { readonly code: string })[];
};
export type DecisionRecord = IssueRecord | RejectRecord;

const stem = (requestKey: string) => `records/${requestKey.replace(/^requests\//, '')}`;

/** `records/<cluster>/<node>/<request id>/<path>.csr.json` */
export const recordKey = (requestKey: string) => `${stem(requestKey)}.json`;
/** The certificate as it was signed, kept beside its record. */
export const issuedKey = (requestKey: string) => `${stem(requestKey)}.crt`;

/** The request that a ledger object is about; undefined for any other key. */
export function requestKeyOfRecord(key: string): string | undefined {
  const path = /^records\/(.+)\.json$/.exec(key)?.[1];
  return path === undefined ? undefined : `requests/${path}`;
}

export function describeFields(fields: CertificateFields): IssueRecord['certificate'] {
  const valuesOf = (type: AlternativeName['type']) =>
    fields.names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    serialNumber: Buffer.from(fields.serialNumber).toString('hex'),
    notBefore: fields.notBefore.toISOString(),
    notAfter: fields.notAfter.toISOString(),
    commonName: fields.subject.commonName,
    organizations: [...fields.subject.organizations],
    dnsNames: valuesOf('DNS'),
    ipAddresses: valuesOf('IP'),
    extendedKeyUsages: [...fields.extendedKeyUsages],
    keyAlgorithm: fields.keyAlgorithm,
    publicKey: Buffer.from(fields.publicKey).toString('base64'),
  };
}

/** The fields back from their record: what the draft is linted against. */
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
