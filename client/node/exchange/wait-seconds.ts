/** How long commands wait for outcomes without `--wait`. Apart from what waits, because `--help` names them. */

/** An outcome takes a second or two; a lost event is found again within minutes. */
export const OUTCOME_SECONDS = 30;

/** Longer, for a renewal that usually runs without a person. */
export const RENEWAL_OUTCOME_SECONDS = 60;
