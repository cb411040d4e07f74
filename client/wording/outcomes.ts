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

export interface NamedOutcome extends DescribedOutcome {
  /** As the command calls the certificate: its name, or the path of its CSR. */
  readonly name: string;
}

/** What depends on the command that presents outcomes. */
export interface OutcomeWording {
  /** What a failed check prevented: `not written`, `not installed`. */
  readonly notDone: string;
  /** How to request a rejected certificate again, in the imperative; undefined if the command says so elsewhere. */
  readonly tryAgain?: string;
}

/**
 * What several certificates have in common is said once: a node that the cluster record does not list has the same
 * violation in all twelve. The order is that of the first mention.
 */
export function describeOutcomes(
  outcomes: readonly NamedOutcome[],
  wording: OutcomeWording,
): readonly string[] {
  const statements = new Map<string, { readonly names: string[]; readonly line: string }>();
  for (const outcome of outcomes)
    for (const line of describeOutcome(outcome, wording)) {
      const said = statements.get(withoutName(line, outcome.name));
      if (said) said.names.push(outcome.name);
      else statements.set(withoutName(line, outcome.name), { names: [outcome.name], line });
    }
  return [...statements].map(([statement, { names, line }]) => {
    if (names.length === 1) return line;
    const all = names.length === outcomes.length;
    return `${all ? `all ${names.length} certificates` : names.join(', ')}: ${statement}`;
  });
}

function describeOutcome(
  outcome: NamedOutcome,
  { notDone, tryAgain }: OutcomeWording,
): readonly string[] {
  const { name, state, violations, problems = [] } = outcome;
  const isFinal = state === 'rejected' && tryAgain !== undefined;
  const lines = [
    ...describeRefusal(name, violations),
    ...(isFinal ? [`${name}: this rejection is final; once everything is fixed, ${tryAgain}`] : []),
    ...problems.map((problem) => `${name}: ${notDone}: ${problem}`),
    ...describeUnissued(name, outcome),
  ];
  return [...new Set(lines)];
}

/** A line about one certificate begins with its name; others, such as a command to run, are different for each. */
const withoutName = (line: string, name: string): string =>
  line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line;
