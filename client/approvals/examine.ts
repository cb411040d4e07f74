/**
 * What would be certified for a pending request. An approver's client computes it from the CSR, the cluster record and
 * the trust domain, with the same code as `sign`, and compares the result with what `sign` published.
 */

import { readTrustDomainNames } from '../../lib/cluster/trust-domain-names.ts';
import type { PendingDocument } from '../../lib/contract/outcomes.ts';
import type { RequestAddress } from '../../lib/contract/request-key.ts';
import { formatDuration } from '../../lib/duration.ts';
import { type AppraisedPlan, appraise } from '../../lib/issuance/appraise.ts';
import { type DeclarationsReader, storedDeclarations } from '../../lib/issuance/declarations.ts';
import { LIMITS } from '../../lib/limits.ts';
import type { PlanToApprove } from '../../lib/policy/approval.ts';
import { JUDGES } from '../../lib/policy/judges.ts';
import type { PlanTerms } from '../../lib/policy/plan-digest.ts';
import { listed } from '../../lib/printable.ts';
import type { ObjectReader, StoredObject } from '../../lib/store/object-store.ts';
import { RULES_UNKNOWN } from '../../lib/trust-domain-rules.ts';

export interface Stores {
  readonly exchange: ObjectReader;
  readonly authority: DeclarationsReader;
}

/** A plan that can be approved. */
export interface ApprovablePlan extends AppraisedPlan {
  readonly toApprove: PlanToApprove;
}

export interface Examined {
  readonly address: RequestAddress;
  readonly pending: PendingDocument;
  /** The CSR; undefined if it no longer exists. */
  readonly object: StoredObject | undefined;
  /** undefined if nothing would be certified, or nothing that needs approval. */
  readonly plan: ApprovablePlan | undefined;
  /** Why it cannot be approved as it is; empty if it can. */
  readonly problems: readonly string[];
}

/** @throws Fault document-malformed if the cluster record or the trust domain cannot be read */
export async function examine(
  { exchange, authority }: Stores,
  address: RequestAddress,
  pending: PendingDocument,
  now: Date,
): Promise<Examined> {
  const object = await exchange.get(address.key, LIMITS.maxObjectBytes);
  const about = { address, pending, object, plan: undefined };
  if (!object) return { ...about, problems: ['its CSR does not exist, or has expired'] };
  const declared = storedDeclarations(authority, readTrustDomainNames);
  const deps = { declared, judges: JUDGES, rules: RULES_UNKNOWN, now: () => now };
  const appraisal = await appraise(deps, address, object, pending.uploader);
  if (appraisal.kind === 'not-a-request')
    return { ...about, problems: ['it is not a request for a certificate'] };
  if (appraisal.kind === 'refused')
    return {
      ...about,
      problems: appraisal.violations.map(
        ({ code, field, got }) => `it would be rejected now: ${code}: ${field} is ${got}`,
      ),
    };
  const { toApprove } = appraisal;
  if (!toApprove) return { ...about, problems: ['it no longer needs approval'] };
  return {
    ...about,
    plan: { ...appraisal, toApprove },
    problems: differences(pending, appraisal.terms, appraisal.digest),
  };
}

/** How what was published differs from what was computed: `validity is 8760h0m0s, but was published as 1h0m0s`. */
function differences(pending: PendingDocument, terms: PlanTerms, digest: string): string[] {
  const [published, computed] = [fieldsOf(pending), fieldsOf(terms)];
  const found = Object.entries(computed).flatMap(([what, values]) => {
    const before = published[what] ?? [];
    if (before.join('\n') === values.join('\n')) return [];
    return [`${what} is ${listed(values)}, but was published as ${listed(before)}`];
  });
  if (found.length > 0 || pending.planDigest === digest) return found;
  return ['its plan has a different digest here: update cakeless'];
}

/** The terms of a plan, each under the name that people use for it. */
function fieldsOf(
  terms: Omit<PlanTerms, 'cluster' | 'certificateName'> & { readonly certificateName: string },
): Readonly<Record<string, readonly string[]>> {
  return {
    request: [terms.request],
    'certificate name': [terms.certificateName],
    CSR: [terms.csrSha256],
    'trust domain': [terms.trustDomain],
    CA: [terms.ca],
    'common name': [terms.commonName],
    organizations: [...terms.organizations].sort(),
    'DNS names': terms.dnsNames,
    'IP addresses': terms.ipAddresses,
    'extended key usage': terms.extendedKeyUsages,
    validity: [formatDuration(terms.validitySeconds)],
  };
}
