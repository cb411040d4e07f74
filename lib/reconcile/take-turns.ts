import { clusterOf, nodeOf } from './candidates.ts';
import type { OpenRequest } from './walk-requests.ts';

/**
 * Up to `most` requests: the oldest of each cluster, then the second oldest of each, and so on, starting with the cluster
 * that has waited longest; and within a cluster in the same way by node. So a cluster or a node with many requests that
 * are never finished does not delay the others.
 */
export function takeTurns(requests: readonly OpenRequest[], most: number): OpenRequest[] {
  const oldestFirst = [...requests].sort((a, b) => a.since.getTime() - b.since.getTime());
  return inTurns(inTurns(oldestFirst, nodeOf), clusterOf).slice(0, most);
}

/** The first of each group, then the second of each: the sort is stable, so groups stay in the order of their firsts. */
function inTurns(requests: readonly OpenRequest[], groupOf: (key: string) => string) {
  const turnOf = new Map<string, number>();
  const withTurns = requests.map((request) => {
    const group = groupOf(request.key);
    const turn = turnOf.get(group) ?? 0;
    turnOf.set(group, turn + 1);
    return { request, turn };
  });
  return withTurns.sort((a, b) => a.turn - b.turn).map(({ request }) => request);
}
