/** Requests that need approval: `<path>.pending.json`, which the outcome replaces. */
import { type PendingDocument, readPending, readPendingObject } from '../contract/outcomes.ts';
import { outcomeKeys, type RequestAddress } from '../contract/request-key.ts';
import { digestOfObject } from '../csr/forbidden-upload.ts';
import { Fault } from '../fault.ts';
import type { PlanTerms } from '../policy/plan-digest.ts';
import type { Service } from '../service.ts';
import { formatDocument, JSON_TYPE } from '../store/documents.ts';
import type { StoredObject } from '../store/object-store.ts';
import type { Decision } from './decide.ts';

/**
 * What an earlier run published about the same upload; undefined if none did.
 * @param reading a read of pending.json that was started earlier
 */
export async function readEarlierPending(
  service: Service,
  address: RequestAddress,
  object: StoredObject,
  reading = readPending(service.exchange, outcomeKeys(address).pending),
): Promise<PendingDocument | undefined> {
  const known = await reading;
  return known?.csrSha256 === digestOfObject(object) ? known : undefined;
}

/** Other runs for the same request are few, and each writes once. */
const MOST_ATTEMPTS = 5;

/**
 * Written once for the same plan, so that `since` does not change. An uploader that is known is kept, whatever plan a run
 * without the event finds for the same upload: the uploader would be lost otherwise, and could approve.
 * @throws Fault unavailable if other runs keep writing
 */
export async function publishPending(
  service: Service,
  address: RequestAddress,
  decision: Extract<Decision, { kind: 'pending' }>,
): Promise<void> {
  const { pending } = outcomeKeys(address);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1)
    if (await tryPublish(service, pending, decision)) return;
  throw new Fault('unavailable', `${pending}: other runs keep writing it`);
}

async function tryPublish(
  { exchange, now }: Service,
  pending: string,
  { plan, given, waitingFor, ...decision }: Extract<Decision, { kind: 'pending' }>,
): Promise<boolean> {
  const found = await readPendingObject(exchange, pending);
  const known = found?.document;
  const same = known !== undefined && known.planDigest === plan.digest;
  if (same && decision.uploader === undefined && known.uploader !== undefined) return true;
  const ofUpload = known?.csrSha256 === plan.terms.csrSha256 ? known : undefined;
  const uploader = decision.uploader ?? ofUpload?.uploader;
  if (same && known.waitingFor === waitingFor && known.uploader === uploader) return true;
  const document: PendingDocument = {
    ...describeTerms(plan.terms),
    since: same ? known.since : now().toISOString(),
    waitingFor,
    planDigest: plan.digest,
    ...(uploader !== undefined && { uploader }),
    requiredApprovals: given.required,
    approvals: [...given.by],
    uncounted: [...given.uncounted],
  };
  const text = formatDocument(document);
  const written = found
    ? await exchange.replace(pending, text, JSON_TYPE, found.eTag)
    : await exchange.create(pending, text, JSON_TYPE);
  return written === 'created' || written === 'replaced';
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
