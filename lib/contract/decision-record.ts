/**
 * The record of a decision: written before anything follows from it, never changed. Its key is derived from the
 * request's, so a request has one record at most. All records together are the ledger.
 */
import * as z from 'zod/mini';
import { CA_NAMES } from '../profiles/certificate-names.ts';
import { countedApprovalSchema, violationSchema } from './outcomes.ts';
import { AUTHORITY_PREFIXES, EXCHANGE_PREFIXES } from './prefixes.ts';
import { widenable } from './widenable.ts';

const common = {
  schema: z.literal(1),
  /** Key of the request in the exchange bucket. */
  request: z.string(),
  /** SHA-256 of the uploaded object, lower-case hex. */
  csrSha256: z.string(),
  /** Who uploaded, as the S3 event named the principal. */
  uploader: z.optional(z.string()),
  decidedAt: z.string(),
};

/** The approval that a certificate needed and had. */
const approvalSchema = widenable({
  /** Why one was needed. */
  reason: z.string(),
  /** What was approved (lib/policy/plan-digest.ts). */
  planDigest: z.string(),
  /** How many approvers were needed. */
  required: z.number(),
  by: z.array(countedApprovalSchema),
});

const issueRecordSchema = widenable({
  ...common,
  decision: z.literal('issue'),
  /** As text: the record of a name that this release does not know can still be read. */
  certificateName: z.string(),
  kubernetesVersion: z.string(),
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  caVersion: z.number(),
  keyId: z.string(),
  /** The validity that was requested; the certificate ends earlier if the CA does. */
  validitySeconds: z.number(),
  /** Absent if no approval was needed. */
  approval: z.optional(approvalSchema),
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
  /** The TBSCertificate that is signed, DER in base64: a retry signs the same bytes. */
  tbs: z.string(),
});

const rejectRecordSchema = widenable({
  ...common,
  decision: z.literal('reject'),
  certificateName: z.optional(z.string()),
  /** `aws:userid` of the approver who denied it. */
  deniedBy: z.optional(z.string()),
  violations: z.array(violationSchema),
});

export const decisionRecordSchema = z.discriminatedUnion('decision', [
  issueRecordSchema,
  rejectRecordSchema,
]);

export type IssueRecord = z.infer<typeof issueRecordSchema>;
export type RejectRecord = z.infer<typeof rejectRecordSchema>;
export type DecisionRecord = IssueRecord | RejectRecord;

const stem = (requestKey: string) =>
  `${AUTHORITY_PREFIXES.records}${requestKey.slice(EXCHANGE_PREFIXES.requests.length)}`;

/** `records/<cluster>/<node>/<request id>/<path>.csr.json` */
export const recordKey = (requestKey: string) => `${stem(requestKey)}.json`;
/** The certificate as signed, next to its record. */
export const issuedKey = (requestKey: string) => `${stem(requestKey)}.crt`;

/** The request that a record is about; undefined for any other key. */
export function requestKeyOfRecord(key: string): string | undefined {
  if (!key.startsWith(AUTHORITY_PREFIXES.records) || !key.endsWith('.json')) return undefined;
  const below = key.slice(AUTHORITY_PREFIXES.records.length, -'.json'.length);
  return below === '' ? undefined : `${EXCHANGE_PREFIXES.requests}${below}`;
}
