/**
 * Limits the findings of a gate to what a response can hold and a person can use. They stay in the gate's order, the most
 * important first, and those left out are counted. A forwarder can report thousands of objects that do not exist, so
 * findings are chosen from each cluster in turn: no cluster can hide what another one lacks.
 */
import type { Missing } from './gate-result.ts';
import type { BoundFindings, Findings } from './rotation-request.ts';

/** Nobody reads more; once these are fixed, the next call shows others. */
const MOST_MISSING = 1000;
const MOST_NOTES = 100;
/** A response of Lambda has 6 MB at most. Texts are from reports, so an entry may be long. */
const MOST_MISSING_BYTES = 2 * 1024 * 1024;

const MOST_TODO = 50;
/** Names in one line of the list of things to do. */
const MOST_NAMED = 3;

export const NOTHING: BoundFindings = {
  missing: [],
  notes: [],
  progress: [],
  leftOut: { missing: 0, notes: 0 },
};

export function boundFindings({ missing, notes, progress }: Findings): BoundFindings {
  const first = firstOf(missing);
  return {
    missing: first,
    notes: notes.slice(0, MOST_NOTES),
    progress,
    leftOut: {
      missing: missing.length - first.length,
      notes: Math.max(0, notes.length - MOST_NOTES),
    },
  };
}

function firstOf(missing: readonly Missing[]): readonly Missing[] {
  const chosen = new Set<Missing>();
  let bytes = 0;
  for (const one of inTurn(missing)) {
    bytes += Buffer.byteLength(JSON.stringify(one));
    if (chosen.size === MOST_MISSING || bytes > MOST_MISSING_BYTES) break;
    chosen.add(one);
  }
  return missing.filter((one) => chosen.has(one));
}

/** The first of each cluster, then the second of each, and so on. */
function* inTurn(missing: readonly Missing[]): Generator<Missing> {
  const queues = new Map<string, Missing[]>();
  for (const one of missing) {
    const [cluster = ''] = one.subject.split('/', 1);
    const queue = queues.get(cluster) ?? [];
    queues.set(cluster, queue);
    queue.push(one);
  }
  for (let turn = 0; queues.size > 0; turn += 1)
    for (const [cluster, queue] of queues) {
      const one = queue[turn];
      if (one) yield one;
      else queues.delete(cluster);
    }
}

/**
 * What people have to do about all that is missing: each thing once, with the subjects that it concerns. Thousands of
 * missing things usually have a few causes.
 */
export function todoAbout(missing: readonly Missing[]): {
  readonly todo: readonly string[];
  readonly leftOut: number;
} {
  const byFix = new Map<string, Set<string>>();
  for (const { subject, fix } of missing)
    byFix.set(fix, (byFix.get(fix) ?? new Set()).add(subject));
  const all = [...byFix];
  return {
    todo: all.slice(0, MOST_TODO).map(([fix, subjects]) => `${few([...subjects])}: ${fix}`),
    leftOut: Math.max(0, all.length - MOST_TODO),
  };
}

function few(subjects: readonly string[]): string {
  const named = subjects.slice(0, MOST_NAMED).join(', ');
  const more = subjects.length - MOST_NAMED;
  return more > 0 ? `${named} and ${more} more` : named;
}
