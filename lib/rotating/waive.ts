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

/**
 * Everything about a cluster. Its control planes can report thousands of objects that do not exist, which cannot be waived one
 * by one; and other clusters must not wait for one that people have given up.
 */
const ALL = /^([^/]+)\/cluster\/all$/;

/** All subjects of the cluster. `NAME/phase/…` is about a trust domain, which may have the same name as a cluster. */
function covers(waiver: string, subject: string): boolean {
  if (waiver === subject) return true;
  const [, cluster] = ALL.exec(waiver) ?? [];
  if (cluster === undefined) return false;
  return subject.startsWith(`${cluster}/`) && !subject.startsWith(`${cluster}/phase/`);
}

export function waive(missing: readonly Missing[], waivers: readonly GivenWaiver[]): Waived {
  const subjects = [...new Set(missing.map(({ subject }) => subject))];
  const names = [...new Set(waivers.map(({ subject }) => subject))];
  const waived = new Set(subjects.filter((one) => names.some((name) => covers(name, one))));
  const isUsed = ({ subject }: GivenWaiver) => subjects.some((one) => covers(subject, one));
  return {
    missing: missing.filter(({ subject }) => !waived.has(subject)),
    used: waivers.filter(isUsed),
    notes: waivers
      .filter((waiver) => !isUsed(waiver))
      .map(
        ({ subject }) =>
          `the waiver of ${subject} has no effect: nothing that can be waived is missing under this name`,
      ),
  };
}
