import { clusterOf, type OpenRequest } from './open-requests.ts';

/**
 * Up to `most` requests: the oldest of each cluster, then the second oldest of each, and so on, starting with the cluster
 * that has waited longest. So a cluster with many requests that are never finished does not delay the others.
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
  // the sort is stable: in each turn, the oldest request stays first
  return withTurns
    .sort((a, b) => a.turn - b.turn)
    .slice(0, most)
    .map(({ request }) => request);
}
