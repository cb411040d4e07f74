/** Requests that wait for an approver: `<path>.pending.json`, replaced by the outcome. */
import * as z from 'zod/mini';
import { outcomeKeys, type RequestAddress } from '../door/request-path.ts';
import { CERTIFICATE_NAMES } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../store/documents.ts';
import type { Decision } from './decide.ts';

export const pendingSchema = z.object({
  /** Key of the request. */
  request: z.string(),
  certificateName: z.enum(CERTIFICATE_NAMES),
  since: z.string(),
  waitingFor: z.string(),
  /** What an approval has to name. */
  csrSha256: z.string(),
  uploader: z.optional(z.string()),
});

export type PendingDocument = z.infer<typeof pendingSchema>;

/** Who uploaded, from the time when the upload event was seen. */
export async function readPendingUploader(
  service: Service,
  address: RequestAddress,
): Promise<string | undefined> {
  const { pending } = outcomeKeys(address);
  return (await readDocument(service.exchange, pending, pendingSchema))?.uploader;
}

/** The requests of a cluster that wait. */
export async function* listPending(service: Service, cluster: string): AsyncGenerator<string> {
  for await (const { key } of service.exchange.list(`certificates/${cluster}/`)) {
    if (!key.endsWith('.pending.json')) continue;
    const pending = await readDocument(service.exchange, key, pendingSchema);
    if (pending) yield pending.request;
  }
}

/** Written once for the same bytes: `since` stays what it was. */
export async function publishPending(
  service: Service,
  address: RequestAddress,
  decision: Extract<Decision, { kind: 'pending' }>,
): Promise<void> {
  const { kind: _, ...fields } = decision;
  const { pending } = outcomeKeys(address);
  const known = await readDocument(service.exchange, pending, pendingSchema);
  if (known?.csrSha256 === decision.csrSha256) return;
  const since = service.now().toISOString();
  const document: PendingDocument = { request: address.key, since, ...dropUndefined(fields) };
  await service.exchange.put(pending, formatDocument(document), JSON_TYPE);
}

function dropUndefined<T extends { uploader: string | undefined }>({ uploader, ...rest }: T) {
  return { ...rest, ...(uploader !== undefined && { uploader }) };
}
