/**
 * Bounds what a gate has found to what a response can hold and a person can use. The most important comes first, as the
 * gate has ordered it: what is left out is counted.
 */
import type { Missing } from './gate-result.ts';
import type { BoundFindings, Findings } from './rotation-request.ts';

/** Nobody reads more, and the next look shows the next ones. */
const MOST_MISSING = 1000;
const MOST_NOTES = 100;
/** A response of Lambda has 6 MB at most. Texts are from reports, so an entry may be long. */
const MOST_MISSING_BYTES = 2 * 1024 * 1024;

const MOST_TODO = 50;
/** Names in one line of what is to be done. */
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
  let bytes = 0;
  const first = missing.slice(0, MOST_MISSING);
  const end = first.findIndex((one) => {
    bytes += Buffer.byteLength(JSON.stringify(one));
    return bytes > MOST_MISSING_BYTES;
  });
  return end === -1 ? first : first.slice(0, end);
}

/**
 * What people do about all that is missing: each thing once, with those whom it concerns. A fleet lacks thousands of things
 * for a few reasons.
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
