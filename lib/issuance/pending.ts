/** Requests that need approval: `<path>.pending.json`, which the outcome replaces. */
import { type PendingDocument, readPending } from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress } from '../contract/request-key.ts';
import { digestOfObject } from '../csr/forbidden-upload.ts';
import type { PlanTerms } from '../policy/plan-digest.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE } from '../store/documents.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { Decision } from './decide.ts';

/** Who uploaded, as it was known when the upload event was processed. */
export async function readPendingUploader(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
): Promise<string | undefined> {
  const known = await readPending(service.exchange, outcomeKeys(address).pending);
  return known?.csrSha256 === digestOfObject(object) ? known?.uploader : undefined;
}

/** Written once for the same plan, so that `since` does not change. */
export async function publishPending(
  service: Service,
  address: RequestAddress,
  { plan, uploader, given, waitingFor }: Extract<Decision, { kind: 'pending' }>,
): Promise<void> {
  const { pending } = outcomeKeys(address);
  const known = await readPending(service.exchange, pending);
  const same = known !== undefined && known.planDigest === plan.digest;
  if (same && known.waitingFor === waitingFor) return;
  const document: PendingDocument = {
    ...describeTerms(plan.terms),
    since: same ? known.since : service.now().toISOString(),
    waitingFor,
    planDigest: plan.digest,
    ...(uploader !== undefined && { uploader }),
    requiredApprovals: given.required,
    approvals: [...given.by],
    uncounted: [...given.uncounted],
  };
  await service.exchange.put(pending, formatDocument(document), JSON_TYPE);
}

function describeTerms({ cluster: _, ...terms }: PlanTerms) {
  return {
    ...terms,
    organizations: [...terms.organizations],
    dnsNames: [...terms.dnsNames],
    ipAddresses: [...terms.ipAddresses],
    extendedKeyUsages: [...terms.extendedKeyUsages],
  };
}
