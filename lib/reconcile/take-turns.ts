import { clusterOf, type OpenRequest } from './open-requests.ts';

/**
 * Up to `most` requests: the oldest of each cluster, then the second oldest of each, and so on; the cluster that has
 * waited longest comes first. So a cluster with any number of requests that never come to an end keeps no other waiting.
 */
export function takeTurns(requests: readonly OpenRequest[], most: number): OpenRequest[] {
  const oldestFirst = [...requests].sort((a, b) => a.since.getTime() - b.since.getTime());
  const turnOf = new Map<string, number>();
  const withTurns = oldestFirst.map((request) => {
    const cluster = clusterOf(request.key);
    const turn = turnOf.get(cluster) ?? 0;
    turnOf.set(cluster, turn + 1);
    return { request, turn };
  });
  // sorting keeps the order of what is equal: the oldest first in each turn
  return withTurns
    .sort((a, b) => a.turn - b.turn)
    .slice(0, most)
    .map(({ request }) => request);
}
