/** When a node looks for outcomes: soon after an upload, then less and less often. */

/** A whole number from 0 to `limit` - 1. Chosen by the caller, so that tests repeat. */
export type RandomInt = (limit: number) => number;

/** A certificate takes a few hundred milliseconds. */
const FIRST_MS = 200;
/** A quarter of the time so far: what has taken long takes longer still, and is seen a quarter later at most. */
const SHARE = 1 / 4;
const SHORTEST_MS = 150;
/** A lost event is found again within minutes. A fleet of 1,000 nodes then makes 200 calls a second. */
const LONGEST_MS = 5000;
/** People take minutes. */
const SHORTEST_FOR_APPROVALS_MS = 1000;
const LONGEST_FOR_APPROVALS_MS = 10_000;

/** Up to a quarter shorter or longer, so that nodes that have uploaded together do not look together. */
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
