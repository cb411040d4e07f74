/** Of the requests that wait for an approver, those that may wait no longer although nothing woke them. */
import { clusterRecordKey } from '../cluster/read-record.ts';
import { requestKeyOfApproval, standingApprovalKey } from '../policy/approval.ts';
import type { Service } from '../service.ts';
import { clusterOf, type OpenRequest } from './open-requests.ts';

/**
 * A request that waits goes on waiting until an approval, a standing one or a cluster record is written, so only then
 * it is worth a wake-up: thousands of super-admin.conf that nobody will ever approve, woken every few minutes, would
 * cost more than all certificates, and stand in the queue before them. Writing an approval wakes by itself; this is for
 * the event that got lost, and for cluster records, whose writing tells nobody. What was written earlier has been seen by
 * earlier runs; whatever they missed is found once a day, when everything that waits is woken. Three listings tell.
 */
const LATELY_MS = 60 * 60 * 1000;

export async function findAnswered(
  service: Service,
  waiting: readonly OpenRequest[],
): Promise<OpenRequest[]> {
  if (waiting.length === 0) return [];
  const [approvals, standing, records] = await Promise.all(
    ['approvals/requests/', 'approvals/standing/', 'clusters/'].map((prefix) =>
      writtenLately(service, prefix),
    ),
  );
  const approved = new Set([...(approvals ?? [])].map(requestKeyOfApproval));
  return waiting.filter(({ key }) => {
    const cluster = clusterOf(key);
    return (
      approved.has(key) ||
      standing?.has(standingApprovalKey(cluster)) ||
      records?.has(clusterRecordKey(cluster))
    );
  });
}

async function writtenLately(service: Service, prefix: string): Promise<Set<string>> {
  const keys = new Set<string>();
  const since = service.now().getTime() - LATELY_MS;
  for await (const { key, lastModified } of service.authority.list(prefix))
    if (lastModified.getTime() >= since) keys.add(key);
  return keys;
}
