import { Fault } from '../fault.ts';
import type { Finding } from './lint-finding.ts';

/** @throws Fault request-malformed with all problems, if there are any */
export function refuseFor(problems: readonly string[]): void {
  if (problems.length > 0) throw new Fault('request-malformed', problems.join('; '));
}

/** What of the findings about a certificate refuses it, as sentences. */
export const refusalsIn = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level === 'refuses').map(({ text }) => `the certificate ${text}`);
