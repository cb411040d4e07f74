/** Missing evidence that people accept, each by its subject, with a reason. */
import type { Missing } from './gate-result.ts';
import type { GivenWaiver } from './rotation-request.ts';

export interface Waived {
  /** What nobody has waived. */
  readonly missing: readonly Missing[];
  /** The waivers that were needed. */
  readonly used: readonly GivenWaiver[];
  /** About the others. */
  readonly notes: readonly string[];
}

export function waive(missing: readonly Missing[], waivers: readonly GivenWaiver[]): Waived {
  const subjects = new Set(missing.map(({ subject }) => subject));
  const waived = new Set(waivers.map(({ subject }) => subject));
  return {
    missing: missing.filter(({ subject }) => !waived.has(subject)),
    used: waivers.filter(({ subject }) => subjects.has(subject)),
    notes: waivers
      .filter(({ subject }) => !subjects.has(subject))
      .map(({ subject }) => `the waiver of ${subject} is not needed: nothing is missing there`),
  };
}
