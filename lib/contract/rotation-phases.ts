/** The phases of the rotation of a CA. Separate from the schemas, which the command line does not need. */

/**
 * What nodes do in each: `trust`: trust the new CA beside the old one; `issue`: replace their certificates by those of the
 * new CA; `retire`: drop the old one. A trust domain without a rotation is `stable`.
 */
export const ROTATION_PHASES = ['trust', 'issue', 'retire'] as const;

export type RotationPhase = (typeof ROTATION_PHASES)[number];

/** What `rotate --to` takes: `stable` ends a rotation, from `retire` with the new CA and from `trust` with the old one. */
export const PHASES = ['stable', ...ROTATION_PHASES] as const;

export type Phase = (typeof PHASES)[number];

/** Phases that a rotation enters only with an approval, by people who can neither upload requests nor call create-ca. */
export const APPROVED_PHASES = ['trust', 'retire'] as const;
