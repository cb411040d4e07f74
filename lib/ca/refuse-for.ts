import { Fault } from '../fault.ts';

/** @throws Fault request-malformed with all problems, if there are any */
export function refuseFor(problems: readonly string[]): void {
  if (problems.length > 0) throw new Fault('request-malformed', problems.join('; '));
}
