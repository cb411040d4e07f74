/** Requests that wait for an approver: `<path>.pending.json`, replaced by the outcome. */
import * as z from 'zod/mini';
import { outcomeKeys, type RequestAddress } from '../contract/request-key.ts';
import { digestOfObject } from '../csr/what-must-go.ts';
import type { PlanToApprove } from '../policy/approval.ts';
import { ISSUED_NAMES } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { Decision } from './decide.ts';

export const pendingSchema = z.object({
  /** Key of the request. */
  request: z.string(),
  certificateName: z.enum(ISSUED_NAMES),
  since: z.string(),
  waitingFor: z.string(),
  /** What an approval has to name. */
  csrSha256: z.string(),
  /** What would be issued, beside what the CSR says: an approval is for this and nothing else. */
  trustDomain: z.string(),
  validitySeconds: z.number(),
  uploader: z.optional(z.string()),
});

export type PendingDocument = z.infer<typeof pendingSchema>;

/** Who uploaded, from the time when the upload event was seen. */
export async function readPendingUploader(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
): Promise<string | undefined> {
  const { pending } = outcomeKeys(address);
  const known = await readDocument(service.exchange, pending, pendingSchema);
  return known?.csrSha256 === digestOfObject(object) ? known?.uploader : undefined;
}

/** The requests of a cluster that wait. */
export async function* listPending(service: Service, cluster: string): AsyncGenerator<string> {
  for await (const { key } of service.exchange.list(`certificates/${cluster}/`)) {
    if (!key.endsWith('.pending.json')) continue;
    const pending = await readDocument(service.exchange, key, pendingSchema);
    if (pending) yield pending.request;
  }
}

/** Written once for the same plan: `since` stays what it was. */
export async function publishPending(
  service: Service,
  address: RequestAddress,
  { plan, uploader, waitingFor }: Extract<Decision, { kind: 'pending' }>,
): Promise<void> {
  const { pending } = outcomeKeys(address);
  const known = await readDocument(service.exchange, pending, pendingSchema);
  const same = known !== undefined && isSame(known, plan);
  if (same && known.waitingFor === waitingFor) return;
  const document: PendingDocument = {
    request: address.key,
    certificateName: plan.certificateName,
    since: same ? known.since : service.now().toISOString(),
    waitingFor,
    csrSha256: plan.csrSha256,
    trustDomain: plan.trustDomain,
    validitySeconds: plan.validitySeconds,
    ...(uploader !== undefined && { uploader }),
  };
  await service.exchange.put(pending, formatDocument(document), JSON_TYPE);
}

function isSame(known: PendingDocument, plan: PlanToApprove): boolean {
  return (
    known.csrSha256 === plan.csrSha256 &&
    known.trustDomain === plan.trustDomain &&
    known.validitySeconds === plan.validitySeconds
  );
}
