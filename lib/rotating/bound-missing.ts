/**
 * As much of what is missing as a response has room for. A forwarder can report thousands of objects that do not exist, and
 * a whole fleet can lack something: a response that Lambda does not return would say nothing about anyone.
 */
import type { Findings } from './rotation-request.ts';

/** Lambda returns 6 MB at most (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html); a status lists it twice. */
const MOST_CHARACTERS = 2 * 1024 * 1024;

/** Of each cluster in turn, so that no cluster hides what another one lacks; in the same order. */
export function boundMissing<Some extends Findings>(findings: Some, most = MOST_CHARACTERS): Some {
  const { missing, notes } = findings;
  const queues = new Map<string, { readonly at: number; readonly size: number }[]>();
  for (const [at, one] of missing.entries()) {
    const [cluster = ''] = one.subject.split('/', 1);
    const queue = queues.get(cluster) ?? [];
    queues.set(cluster, queue);
    queue.push({ at, size: JSON.stringify(one).length });
  }
  const shown = new Set<number>();
  let room = most;
  for (let turn = 0; room > 0 && shown.size < missing.length; turn += 1)
    for (const queue of queues.values()) {
      const next = queue[turn];
      if (!next) continue;
      room -= next.size;
      if (room < 0 && shown.size > 0) break;
      shown.add(next.at);
    }
  if (shown.size === missing.length) return findings;
  return {
    ...findings,
    missing: missing.filter((_, at) => shown.has(at)),
    notes: [
      ...notes,
      `${missing.length} things are missing, and only ${shown.size} are listed, of each cluster in turn: the others are listed when these are there, or are waived`,
    ],
  };
}
