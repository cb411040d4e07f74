/**
 * The outcomes that the service writes for a request: the documents other than certificates, the metadata of
 * certificates, and their readers.
 */
import * as z from 'zod/mini';
import { CA_NAMES, type CaName } from '../profiles/certificate-names.ts';
import { checkDocument, readJson, readJsonObject } from '../store/documents.ts';
import type { ObjectReader, ObjectStore } from '../store/object-store.ts';
import { OUTCOME_SUFFIXES } from './prefixes.ts';
import type { OutcomeKeys } from './request-key.ts';
import { widenable } from './widenable.ts';

/** A reason for a rejection. Codes are text here: a later release may have more of them. */
export const violationSchema = z.object({
  code: z.string(),
  field: z.string(),
  got: z.string(),
  allowed: z.string(),
  fix: z.string(),
});

export type ViolationDocument = z.infer<typeof violationSchema>;

/** `<path>.rejected.json` */
export const rejectionSchema = z.object({
  /** Key of the request. */
  request: z.string(),
  /** Absent if the path requests no certificate. */
  certificateName: z.optional(z.string()),
  decidedAt: z.string(),
  violations: z.array(violationSchema),
  /** How a new request can be made after everything has been fixed, for those who uploaded this one. */
  tryAgain: z.string(),
});

export type RejectionDocument = z.infer<typeof rejectionSchema>;

/** An approval that counts: whose, and whether for this request alone. */
export const countedApprovalSchema = z.object({
  /** `aws:userid` of the approver. */
  approver: z.string(),
  kind: z.enum(['request', 'standing']),
});

export type CountedApproval = z.infer<typeof countedApprovalSchema>;

/**
 * `<path>.pending.json`. Approvers base their decision on it, so a reader must understand every field that changes what
 * would be issued.
 */
export const pendingSchema = widenable({
  /** Key of the request. */
  request: z.string(),
  certificateName: z.string(),
  since: z.string(),
  waitingFor: z.string(),
  /** What an approval has to name: the digest of everything that would be certified. */
  planDigest: z.string(),
  /**
   * What would be certified. An approver's client computes it and the digest again, from the CSR and the cluster
   * record.
   */
  csrSha256: z.string(),
  trustDomain: z.string(),
  ca: z.enum(CA_NAMES),
  commonName: z.string(),
  organizations: z.array(z.string()),
  dnsNames: z.array(z.string()),
  ipAddresses: z.array(z.string()),
  extendedKeyUsages: z.array(z.enum(['serverAuth', 'clientAuth'])),
  validitySeconds: z.number(),
  uploader: z.optional(z.string()),
  /** How many approvers have to approve. */
  requiredApprovals: z.number(),
  /** The approvals that count so far. */
  approvals: z.array(countedApprovalSchema),
  /** Approvals that do not count, and why. */
  uncounted: z.array(z.object({ approver: z.string(), reason: z.string() })),
});

export type PendingDocument = z.infer<typeof pendingSchema>;

export function isPendingKey(key: string): boolean {
  return key.endsWith(OUTCOME_SUFFIXES.pending);
}

/** The whole document, for those who decide by it. @throws Fault document-malformed */
export function readPending(
  exchange: ObjectReader,
  key: string,
): Promise<PendingDocument | undefined> {
  return readOutcomeDocument(exchange, key, pendingSchema);
}

/** The same with its ETag, for a writer that replaces it. @throws Fault document-malformed */
export async function readPendingObject(
  exchange: Pick<ObjectStore, 'get'>,
  key: string,
): Promise<{ readonly document: PendingDocument; readonly eTag: string } | undefined> {
  const found = await readJsonObject(exchange, key);
  return (
    found && {
      document: checkDocument(found.value, key, pendingSchema),
      eTag: found.object.eTag,
    }
  );
}

/** What nodes read of a pending document. Unlike approvers they decide nothing by it, and they are upgraded last. */
const waitingSchema = z.object({ waitingFor: z.string() });

/** What a pending request waits for, whatever else its document contains. @throws Fault document-malformed */
export async function readWaitingFor(
  exchange: ObjectReader,
  key: string,
): Promise<string | undefined> {
  return (await readOutcomeDocument(exchange, key, waitingSchema))?.waitingFor;
}

/** @throws Fault document-malformed */
export function readRejection(
  exchange: ObjectReader,
  key: string,
): Promise<RejectionDocument | undefined> {
  return readOutcomeDocument(exchange, key, rejectionSchema);
}

async function readOutcomeDocument<T>(
  exchange: ObjectReader,
  key: string,
  schema: z.ZodMiniType<T>,
): Promise<T | undefined> {
  const value = await readJson(exchange, key);
  return value === undefined ? undefined : checkDocument(value, key, schema);
}

export type OutcomeState = 'issued' | 'rejected' | 'pending';

/**
 * Determines the outcome of a request from the keys that exist. A certificate takes precedence over a rejection, and
 * both over a pending document, which may not have been deleted yet.
 */
export function outcomeIn(
  existing: { has(key: string): boolean },
  { certificate, rejected, pending }: OutcomeKeys,
): { readonly state: OutcomeState; readonly key: string } | undefined {
  if (existing.has(certificate)) return { state: 'issued', key: certificate };
  if (existing.has(rejected)) return { state: 'rejected', key: rejected };
  if (existing.has(pending)) return { state: 'pending', key: pending };
  return undefined;
}

/** S3 user metadata of a certificate: which bundle under `trust/` it chains to. */
export const CERTIFICATE_METADATA = { trustDomain: 'trust-domain', ca: 'ca' } as const;

/** The trust domain that a certificate's metadata names; the empty text if it names none. */
export function trustDomainOfCertificate(metadata: Readonly<Record<string, string>>): string {
  return metadata[CERTIFICATE_METADATA.trustDomain] ?? '';
}

/** The CA that a certificate's metadata names, if it is one of those that may have signed it; otherwise the first of them. */
export function caOfCertificate(
  metadata: Readonly<Record<string, string>>,
  cas: readonly [CaName, ...CaName[]],
): CaName {
  return cas.find((ca) => ca === metadata[CERTIFICATE_METADATA.ca]) ?? cas[0];
}
