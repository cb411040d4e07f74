/** Checks an issued certificate against everything that the node knows. */
import { X509Certificate } from 'node:crypto';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { readFile } from '../../../lib/files/read-file.ts';
import { profileOf } from '../../../lib/profiles/profile-for.ts';
import type { PlaceState } from '../disk/read-place.ts';
import type { CaDecision } from '../trust/ca-change.ts';
import { type CertificateProblem, findProblems } from '../trust/check-certificate.ts';
import type { RenewalOutcome } from './outcomes.ts';

export interface CheckedOutcome {
  readonly outcome: RenewalOutcome;
  /** Every reason not to install it; empty if it is valid. */
  readonly problems: readonly string[];
  /** Whether it can never become valid: then the request is closed, and the next run requests a new one. */
  readonly isSpent: boolean;
}

/**
 * A problem that a correct clock would fix may disappear. A problem that other CA files would fix disappears only if
 * the service publishes other CA files.
 * @param place the certificate that it should replace
 */
export function checkOutcome(
  outcome: RenewalOutcome,
  decision: CaDecision,
  now: Date,
  place: PlaceState,
): CheckedOutcome {
  const found = problemsOf(outcome, decision, now);
  const problems = found.length > 0 ? found : findReplay(outcome, place);
  const differs = decision.differing.has(profileOf(outcome.name).ca);
  const isSpent = problems.some(
    ({ cure }) => cure === 'none' || (cure === 'ca-change' && !differs),
  );
  return { outcome, problems: problems.map(({ text }) => text), isSpent };
}

function problemsOf(
  { name, staged, chainPem = '', request: { createdAt } }: RenewalOutcome,
  { bundles }: CaDecision,
  now: Date,
): CertificateProblem[] {
  const lasting = (text: string): CertificateProblem[] => [{ text, cure: 'none' }];
  if (!staged) return lasting('its key or CSR is missing on this node');
  const { request } = readRequest(readFile(staged.csrFile).bytes);
  if (!request) return lasting(`${staged.csrFile} cannot be parsed`);
  const profile = profileOf(name);
  const trustBundle = bundles.get(profile.ca) ?? '';
  try {
    return findProblems(chainPem, {
      profile,
      request,
      key: request.key.keyObject,
      trustBundle,
      now,
      requestedAt: new Date(createdAt),
    });
  } catch (error) {
    return lasting(
      `it cannot be parsed: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * If the key is reused, earlier certificates match it too: the current one and any before it. A new certificate has a
 * later notBefore or notAfter, because `sign` sets them from the current time (notAfter may be limited by the CA's).
 */
function findReplay(
  { name, request, chainPem = '' }: RenewalOutcome,
  place: PlaceState,
): CertificateProblem[] {
  if (place.state !== 'present') return [];
  const [received, current] = [new X509Certificate(chainPem), place.leaf];
  const isReplaced = request.replaces?.[name] === received.fingerprint256;
  const isOlder =
    Date.parse(received.validFrom) < Date.parse(current.validFrom) &&
    Date.parse(received.validTo) <= Date.parse(current.validTo);
  if (!isReplaced && !isOlder) return [];
  const what = isReplaced
    ? 'the certificate that it should replace'
    : 'older than the current certificate';
  return [{ text: `it is ${what}: an old outcome was replayed`, cure: 'none' }];
}
