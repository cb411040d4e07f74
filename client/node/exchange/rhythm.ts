/** When a node looks for outcomes: soon after an upload, then less and less often. */

/** A whole number from 0 to `limit` - 1. Chosen by the caller, so that tests repeat. */
export type RandomInt = (limit: number) => number;

/** A certificate takes a few hundred milliseconds. */
const FIRST_MS = 200;
/** Each pause is a quarter longer: what has taken long so far takes longer still. */
const GROWTH = 1.25;
/** A lost event is found again within minutes. A fleet of 1,000 nodes then makes 200 calls a second. */
const LONGEST_MS = 5000;
/** People take minutes. */
const APPROVAL_MS = 1000;
const LONGEST_FOR_APPROVALS_MS = 10_000;

/** Up to a quarter shorter or longer, so that nodes that have uploaded together do not look together. */
const JITTER = 0.25;

/**
 * @param looks how often it has looked since the upload
 * @param onlyApprovals whether only approvers are missing
 */
export function pauseMs(looks: number, onlyApprovals: boolean, randomInt: RandomInt): number {
  const grown = FIRST_MS * GROWTH ** looks;
  const pause = onlyApprovals
    ? Math.min(Math.max(grown, APPROVAL_MS), LONGEST_FOR_APPROVALS_MS)
    : Math.min(grown, LONGEST_MS);
  const shortest = Math.round(pause * (1 - JITTER));
  return shortest + randomInt(Math.round(2 * JITTER * pause) + 1);
}
