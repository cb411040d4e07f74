/** When a node looks for outcomes: soon after an upload, then less and less often. */

/** A whole number from 0 to `limit` - 1. Passed in, so that tests are deterministic. */
export type RandomInt = (limit: number) => number;

/** A certificate takes a few hundred milliseconds. */
const FIRST_MS = 200;
/** A quarter of the time so far, so that an outcome is seen at most a quarter later than it could be. */
const SHARE = 1 / 4;
const SHORTEST_MS = 150;
/** `reconcile` finds a lost event within minutes. Until then, a fleet of 1,000 nodes makes 200 calls a second. */
const LONGEST_MS = 5000;
/** Approvers take minutes. */
const SHORTEST_FOR_APPROVALS_MS = 1000;
const LONGEST_FOR_APPROVALS_MS = 10_000;

/** Up to a quarter shorter or longer, so that nodes that upload at the same time do not poll at the same time. */
const JITTER = 1 / 4;

/** @returns the pause before the first look after an upload */
export const firstPauseMs = (randomInt: RandomInt): number => vary(FIRST_MS, randomInt);

/**
 * @param waitedMs how long it has waited so far
 * @param onlyApprovals whether only approvers are missing
 */
export function pauseMs(waitedMs: number, onlyApprovals: boolean, randomInt: RandomInt): number {
  const [shortest, longest] = onlyApprovals
    ? [SHORTEST_FOR_APPROVALS_MS, LONGEST_FOR_APPROVALS_MS]
    : [SHORTEST_MS, LONGEST_MS];
  return vary(Math.min(Math.max(waitedMs * SHARE, shortest), longest), randomInt);
}

function vary(pause: number, randomInt: RandomInt): number {
  return Math.round(pause * (1 - JITTER)) + randomInt(Math.round(2 * JITTER * pause) + 1);
}
