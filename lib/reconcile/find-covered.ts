/** Finds the pending requests that a standing approval covers, by their keys: no request is read. */
import { parseStandingApprovalKey, standingApprovalSchema } from '../contract/approvals.ts';
import {
  issuedNameOf,
  outcomesPrefix,
  parseRequestKey,
  requestKeyOfOutcome,
} from '../contract/request-key.ts';
import type { IssuedName } from '../profiles/certificate-names.ts';
import type { Service } from '../service.ts';
import { readDocument } from '../store/documents.ts';
import { Candidates } from './candidates.ts';
import { Calls, walkKeys } from './listing.ts';

/** 100,000 outcomes of the cluster. Scheduled runs find the pending requests beyond. */
const MOST_CALLS = 100;

/** @param key of the standing approval @throws Fault document-malformed */
export async function findCovered(
  service: Pick<Service, 'exchange' | 'authority'>,
  key: string,
  isLate?: () => boolean,
): Promise<Candidates> {
  const found = new Candidates();
  const name = parseStandingApprovalKey(key);
  const approval = name && (await readDocument(service.authority, key, standingApprovalSchema));
  if (!approval || approval.grants.length === 0) return found;
  const granted = new Set<IssuedName>(approval.grants.map((grant) => grant.certificateName));
  const from = { prefix: outcomesPrefix(name.cluster), after: undefined };
  const calls = new Calls(MOST_CALLS, isLate);
  await walkKeys(calls, service.exchange, from, async (outcome) => {
    const request = pendingRequest(outcome.key, granted);
    if (request !== undefined) found.add({ key: request, since: outcome.lastModified });
    return outcome.key;
  });
  return found;
}

/** The request, if this is the pending outcome of one for a certificate with one of these names. */
function pendingRequest(outcome: string, names: ReadonlySet<IssuedName>): string | undefined {
  const request = requestKeyOfOutcome(outcome, 'pending');
  const address = request === undefined ? undefined : parseRequestKey(request);
  const name = address && issuedNameOf(address);
  return name !== undefined && names.has(name) ? request : undefined;
}
