/** When the signing CAs expire, or the certificates above them. */
import { X509Certificate } from 'node:crypto';
import { issuingCa, readTrustDomain } from '../ca/issuing-ca.ts';
import { certificatesIn } from '../certificate/pem.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import type { Rotation } from '../contract/rotation-state.ts';
import { casOf, signingVersionOf, trustDomainOfKey } from '../contract/trust-domain.ts';
import { Fault } from '../fault.ts';
import type { CaName } from '../profiles/certificate-names.ts';
import type { ObjectStore } from '../store/object-store.ts';

export interface CaExpiry {
  readonly trustDomain: string;
  readonly ca: CaName;
  readonly notAfter: Date;
  /** If the CA is being rotated. */
  readonly rotation?: Pick<Rotation, 'phase' | 'since'>;
}

/**
 * Considers only trust domains that a cluster record names: the others may expire. A record that cannot be read may
 * name any.
 * @returns the first to expire first; empty if no trust domain is in use
 */
export async function findCaExpiries(
  authority: ObjectStore,
  records: ReadonlyMap<string, ClusterRecord | Fault>,
): Promise<CaExpiry[]> {
  const all = [...records.values()];
  const used = new Set(all.map((record) => (record instanceof Fault ? '' : record.trustDomain)));
  const found: CaExpiry[] = [];
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.trust)) {
    const trustDomain = trustDomainOfKey(key);
    if (trustDomain === undefined) continue;
    if (!used.has(trustDomain) && !all.some((record) => record instanceof Fault)) continue;
    found.push(...(await expiriesOf(authority, trustDomain)));
  }
  return found.sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
}

async function expiriesOf(authority: ObjectStore, trustDomain: string): Promise<CaExpiry[]> {
  const document = await readTrustDomain(authority, trustDomain);
  if (!document) return [];
  const { rotation } = document;
  return casOf(document).flatMap(([ca, versions]) => {
    const issuing = issuingCa(document, ca);
    if (!issuing) return [];
    const above = endsIn(signingVersionOf(ca, versions).chain);
    const notAfter = new Date(Math.min(issuing.notAfter.getTime(), ...above));
    return [
      {
        ...{ trustDomain, ca, notAfter },
        ...(rotation?.ca === ca && {
          rotation: { phase: rotation.phase, since: rotation.since },
        }),
      },
    ];
  });
}

/** Without the certificates above a CA, clients that verify up to the root refuse everything that it has issued. */
const endsIn = (chain = ''): number[] =>
  certificatesIn(chain).map((pem) => Date.parse(new X509Certificate(pem).validTo));
