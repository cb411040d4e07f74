/** What an approver decides about, and the digest by which an approval names it. */
import { hash } from 'node:crypto';
import type { CaName, IssuedName } from '../profiles/certificate-names.ts';
import type { ExtendedKeyUsage } from '../profiles/profiles.ts';

/** Everything that distinguishes one certificate from another, except for its serial number and its dates. */
export interface PlanTerms {
  /** Key of the request. */
  readonly request: string;
  readonly csrSha256: string;
  readonly cluster: string;
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly certificateName: IssuedName;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
  readonly validitySeconds: number;
}

/** Distinguishes the text from any other text that could be hashed, and from that of a later release. */
const PURPOSE = 'cakeless issuance plan 1';

/** SHA-256 in lower-case hex. An approver's client and `sign` both compute it from what they read. */
export function planDigest(terms: PlanTerms): string {
  // an array has one order; organizations are a set
  const text = JSON.stringify([
    PURPOSE,
    terms.request,
    terms.csrSha256,
    terms.cluster,
    terms.trustDomain,
    terms.ca,
    terms.certificateName,
    terms.commonName,
    [...terms.organizations].sort(),
    terms.dnsNames,
    terms.ipAddresses,
    terms.extendedKeyUsages,
    terms.validitySeconds,
  ]);
  return hash('sha256', text, 'hex');
}
