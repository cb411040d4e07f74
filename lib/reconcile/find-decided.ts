/** Finds pending requests that may have been decided although no event woke them. */

import { clusterOfStandingApproval, requestKeyOfApproval } from '../contract/approvals.ts';
import { clusterRecordKey } from '../contract/cluster-record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import type { Service } from '../service.ts';
import { clusterOf, type OpenRequest } from './open-requests.ts';

/**
 * A pending request stays pending until an approval, a standing approval or a cluster record is written, so it is woken
 * only then. Thousands of requests for super-admin.conf that are never approved, woken every few minutes, would cost more
 * than all certificates and delay the others in the queue. An approval causes an event; this is for events that were
 * lost, and for cluster records, which cause none. Earlier runs have seen what was written earlier; what they missed is
 * found once a day, when all pending requests are woken. This takes three listings.
 */
const LATELY_MS = 60 * 60 * 1000;

export async function findDecided(
  service: Service,
  waiting: readonly OpenRequest[],
): Promise<OpenRequest[]> {
  if (waiting.length === 0) return [];
  const { requestApprovals, standingApprovals, clusters } = AUTHORITY_PREFIXES;
  const [approvals, standing, records] = await Promise.all(
    [requestApprovals, standingApprovals, clusters].map((prefix) => writtenLately(service, prefix)),
  );
  const approved = new Set([...(approvals ?? [])].map(requestKeyOfApproval));
  const covered = new Set([...(standing ?? [])].map(clusterOfStandingApproval));
  return waiting.filter(({ key }) => {
    const cluster = clusterOf(key);
    return approved.has(key) || covered.has(cluster) || records?.has(clusterRecordKey(cluster));
  });
}

async function writtenLately(service: Service, prefix: string): Promise<Set<string>> {
  const keys = new Set<string>();
  const since = service.now().getTime() - LATELY_MS;
  for await (const { key, lastModified } of service.authority.list(prefix))
    if (lastModified.getTime() >= since) keys.add(key);
  return keys;
}
