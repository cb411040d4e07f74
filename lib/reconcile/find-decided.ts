/** Finds pending requests that may have been decided although no event woke them. */
import { requestApprovalsPrefix, standingApprovalsPrefix } from '../contract/approvals.ts';
import { clusterRecordKey } from '../contract/cluster-record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import type { Service } from '../service.ts';
import type { ListedObject } from '../store/object-store.ts';
import { clusterOf } from './candidates.ts';
import { compareKeys } from './key-order.ts';
import { type Calls, KeyLookup } from './listing.ts';
import type { OpenRequest } from './walk-requests.ts';

/**
 * A pending request stays pending until an approval, a standing approval or a cluster record is written, so it is woken
 * only then. Thousands of requests for super-admin.conf that are never approved, woken every few minutes, would cost more
 * than all certificates and delay the others in the queue. An approval causes an event; this is for events that were
 * lost, and for cluster records, which cause none. Earlier runs have seen what was written earlier; what they missed is
 * found once a day, when all pending requests are woken.
 */
const LATELY_MS = 60 * 60 * 1000;

/** @param calls if none is left, the other requests are not found: the daily check wakes them */
export async function findDecided(
  service: Pick<Service, 'authority' | 'now'>,
  waiting: readonly OpenRequest[],
  calls: Calls,
): Promise<OpenRequest[]> {
  const { requestApprovals, standingApprovals, clusters } = AUTHORITY_PREFIXES;
  const below = (prefix: string) => new KeyLookup(service.authority, prefix, calls);
  const [approvals, standing, records] = [requestApprovals, standingApprovals, clusters].map(below);
  const since = service.now().getTime() - LATELY_MS;
  const isLate = (found: ListedObject | undefined | 'unknown') =>
    typeof found === 'object' && found.lastModified.getTime() >= since;
  const isAnyLate = (found: readonly ListedObject[] | 'unknown' = []) =>
    found !== 'unknown' && found.some(isLate);
  const ofCluster = new Map<string, boolean>();
  const isClusterChanged = async (cluster: string) =>
    isAnyLate(await standing?.findBelow(standingApprovalsPrefix(cluster))) ||
    isLate(await records?.find(clusterRecordKey(cluster)));
  const decided: OpenRequest[] = [];
  // in the order of the keys, so that one listing serves many requests
  for (const request of [...waiting].sort((a, b) => compareKeys(a.key, b.key))) {
    const cluster = clusterOf(request.key);
    const known = ofCluster.get(cluster) ?? (await isClusterChanged(cluster));
    ofCluster.set(cluster, known);
    if (known || isAnyLate(await approvals?.findBelow(requestApprovalsPrefix(request.key))))
      decided.push(request);
  }
  return decided;
}
