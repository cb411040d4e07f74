/**
 * Which certificates expire soon, or have expired, without having been renewed. The index knows days, not hours, so it
 * says less about certificates that live for a few days: none of them is near expiry, and one that lives for less than a
 * day counts as expired only if a whole day passed without another one. A kubelet gets several of those a day.
 */
import { findNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { ExpiryEntry } from '../contract/expiry-key.ts';
import { Fault } from '../fault.ts';
import { isCertificateName } from '../profiles/certificate-names.ts';
import { profileOf } from '../profiles/profile-for.ts';
import type { NodeRole } from '../profiles/profiles.ts';
import { dayOf } from './expiry-index.ts';

export interface ExpiryRules {
  /** A certificate with at most this many days left is near expiry. */
  readonly nearDays: number;
  /** A certificate that expired up to this many days ago is reported; after that, someone has seen it, or it is not needed. */
  readonly expiredDays: number;
}

export interface Expiring {
  readonly near: readonly ExpiryEntry[];
  readonly expired: readonly ExpiryEntry[];
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DAY_SECONDS = 24 * 60 * 60;

/** The first day whose certificates are reported: where reading the index starts. */
export function firstDay(now: Date, { expiredDays }: ExpiryRules): string {
  return dayOf(new Date(now.getTime() - expiredDays * DAY_MS));
}

/**
 * @param newest the newest certificate of each line, starting with `firstDay`
 * @param records the current cluster records; for a record that cannot be read, the fault
 */
export function findExpiring(
  newest: Iterable<ExpiryEntry>,
  records: ReadonlyMap<string, ClusterRecord | Fault>,
  now: Date,
  rules: ExpiryRules,
): Expiring {
  const today = dayOf(now);
  const near: ExpiryEntry[] = [];
  const expired: ExpiryEntry[] = [];
  for (const entry of newest) {
    const record = records.get(entry.cluster);
    const daysLeft = daysBetween(today, entry.day);
    if (record === undefined || daysLeft < -rules.expiredDays || !isNeeded(entry, record)) continue;
    const validity = validityOf(entry, record);
    if (daysLeft < (validity < DAY_SECONDS ? -1 : 0)) expired.push(entry);
    else if (isNear(daysLeft, validity, rules)) near.push(entry);
  }
  return { near, expired };
}

/**
 * Whether the certificate is still needed, by the cluster record: it names the node, and nodes of this role have such a
 * certificate. Workers that only match a rule come and go with their machines, and nothing says which of them still exist,
 * so they are left out. User certificates are meant to expire. If the record cannot be read, the certificate counts as
 * needed.
 */
function isNeeded({ node, certificateName }: ExpiryEntry, record: ClusterRecord | Fault): boolean {
  if (record instanceof Fault)
    return isCertificateName(certificateName) || OF_KUBELETS.includes(certificateName);
  const known = findNode(record, node);
  if (!known || !rolesOf(certificateName, record).includes(known.role)) return false;
  return known.role === 'control-plane' || record.nodes.some(({ name }) => name === node);
}

const CLIENT = 'kubelet-client';
const SERVING = 'kubelet-serving';
/** What a forwarder obtains for a kubelet. */
const OF_KUBELETS: readonly string[] = [CLIENT, SERVING];

/**
 * Nodes of which roles have such a certificate. Every kubelet needs a client certificate, and none needs a serving
 * certificate that the record no longer allows.
 */
function rolesOf(name: string, { csrSigning }: ClusterRecord): readonly NodeRole[] {
  if (name === SERVING) return csrSigning?.kubeletServing?.roles ?? [];
  if (name === CLIENT) return profileOf('kubelet.conf').roles;
  return isCertificateName(name) ? profileOf(name).roles : [];
}

/** In seconds, by today's cluster record. */
function validityOf({ certificateName }: ExpiryEntry, record: ClusterRecord | Fault): number {
  if (record instanceof Fault) return Number.POSITIVE_INFINITY;
  const { csrSigning, validitySeconds } = record;
  return OF_KUBELETS.includes(certificateName)
    ? (csrSigning?.maxValiditySeconds ?? validitySeconds)
    : validitySeconds;
}

/** Certificates with a short validity are near expiry only in its last third, if that is at least a day. */
function isNear(daysLeft: number, validity: number, { nearDays }: ExpiryRules): boolean {
  const lastThird = Math.floor(validity / DAY_SECONDS / 3);
  return daysLeft >= 0 && lastThird > 0 && daysLeft <= Math.min(nearDays, lastThird);
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}
