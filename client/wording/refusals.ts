/** How every command prints the violations of a rejection. */
import type { Violation } from '../../lib/refusal/violation.ts';

/** A violation as a client reads it: a newer service may know more codes. */
export type ReadViolation = Readonly<Record<keyof Violation, string>>;

/** One line for each violation. */
export function describeRefusal(
  name: string,
  violations: readonly ReadViolation[] = [],
): readonly string[] {
  return violations.map(
    ({ code, field, got, allowed, fix }) =>
      `${name}: ${code}: ${field} is ${got}; allowed: ${allowed}. To fix: ${fix}`,
  );
}
