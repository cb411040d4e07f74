/** How every command prints the certificates of a request that it did not get. */
import { describeRefusal, type ReadViolation } from './refusals.ts';
import { describeUnissued } from './waiting.ts';

export interface DescribedOutcome {
  readonly state: string;
  readonly violations?: readonly ReadViolation[] | undefined;
  /** Why a certificate was not used. */
  readonly problems?: readonly string[] | undefined;
  readonly waitingFor?: string | undefined;
  readonly requestKey?: string | undefined;
}

/** @param notDone what a failed check prevented: `not written`, `not installed` */
export function describeOutcome(
  name: string,
  outcome: DescribedOutcome,
  notDone: string,
): readonly string[] {
  return [
    ...describeRefusal(name, outcome.violations),
    ...(outcome.problems ?? []).map((problem) => `${name}: ${notDone}: ${problem}`),
    ...describeUnissued(name, outcome),
  ];
}
