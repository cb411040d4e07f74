/** How every command prints the violations of a rejection. */

import { printable } from '../../lib/printable.ts';
import type { Violation } from '../../lib/refusal/violation.ts';

/** A violation as a client reads it: a newer service may know more codes. */
export type ReadViolation = Readonly<Record<keyof Violation, string>>;

/** One line for each violation. Everything in it comes from the bucket, so it is printed in plain ASCII. */
export function describeRefusal(
  name: string,
  violations: readonly ReadViolation[] = [],
): readonly string[] {
  return violations.map(({ code, field, got, allowed, fix }) =>
    printable(`${name}: ${code}: ${field} is ${got}; allowed: ${allowed}. To fix: ${fix}`),
  );
}
