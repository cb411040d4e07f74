/** When the first of the signing CAs expires, or of the certificates above it. */
import { X509Certificate } from 'node:crypto';
import { issuingCa, readTrustDomain } from '../ca/issuing-ca.ts';
import { certificatesIn } from '../certificate/pem.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import { casOf, signingVersionOf, trustDomainOfKey } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface CaExpiry {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly notAfter: Date;
}

/**
 * Considers only trust domains that a cluster record names: the others may expire. A record that cannot be read may
 * name any.
 * @returns undefined if no trust domain is in use
 */
export async function findCaExpiry(
  authority: ObjectStore,
  records: ReadonlyMap<string, ClusterRecord | Fault>,
): Promise<CaExpiry | undefined> {
  const all = [...records.values()];
  const used = new Set(all.map((record) => (record instanceof Fault ? '' : record.trustDomain)));
  let first: CaExpiry | undefined;
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.trust)) {
    const trustDomain = trustDomainOfKey(key);
    if (trustDomain === undefined) continue;
    if (!used.has(trustDomain) && !all.some((record) => record instanceof Fault)) continue;
    for (const expiry of await expiriesOf(authority, trustDomain))
      if (!first || expiry.notAfter < first.notAfter) first = expiry;
  }
  return first;
}

async function expiriesOf(authority: ObjectStore, trustDomain: string): Promise<CaExpiry[]> {
  const document = await readTrustDomain(authority, trustDomain);
  if (!document) return [];
  return casOf(document).flatMap(([ca, versions]) => {
    const issuing = issuingCa(document, ca);
    if (!issuing) return [];
    const above = endsIn(signingVersionOf(ca, versions).chain);
    const notAfter = new Date(Math.min(issuing.notAfter.getTime(), ...above));
    return [{ trustDomain, ca, notAfter }];
  });
}

/** Without the certificates above a CA, clients that verify up to the root refuse everything that it has issued. */
const endsIn = (chain = ''): number[] =>
  certificatesIn(chain).map((pem) => Date.parse(new X509Certificate(pem).validTo));
