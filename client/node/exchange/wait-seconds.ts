/** How long commands wait for outcomes without `--wait`. Separate from what waits, because `--help` names them. */

/** An outcome takes a second or two; after a lost event, minutes. */
export const OUTCOME_SECONDS = 30;

/** Longer, because renewals usually run unattended. */
export const RENEWAL_OUTCOME_SECONDS = 60;
