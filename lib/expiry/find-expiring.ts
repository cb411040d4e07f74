/** Which certificates expire soon, or have expired, without having been renewed. */
import { findNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import type { ExpiryEntry } from '../contract/expiry-key.ts';
import { Fault } from '../fault.ts';
import { isCertificateName } from '../profiles/certificate-names.ts';
import { profileOf } from '../profiles/profile-for.ts';
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
 * @param entries every certificate of the index, starting with `firstDay`
 * @param records the current cluster records; for a record that cannot be read, the fault
 */
export function findExpiring(
  entries: Iterable<ExpiryEntry>,
  records: ReadonlyMap<string, ClusterRecord | Fault>,
  now: Date,
  rules: ExpiryRules,
): Expiring {
  const today = dayOf(now);
  const near: ExpiryEntry[] = [];
  const expired: ExpiryEntry[] = [];
  for (const entry of newestOfEach(entries)) {
    const record = records.get(entry.cluster);
    const daysLeft = daysBetween(today, entry.day);
    if (record === undefined || daysLeft < -rules.expiredDays || !isNeeded(entry, record)) continue;
    if (daysLeft < 0) expired.push(entry);
    else if (daysLeft <= nearDaysOf(record, rules)) near.push(entry);
  }
  return { near, expired };
}

/** The newest certificate of each cluster, node and name; it renewed the older ones. */
function newestOfEach(entries: Iterable<ExpiryEntry>): Iterable<ExpiryEntry> {
  const newest = new Map<string, ExpiryEntry>();
  for (const entry of entries) {
    const id = `${entry.cluster}/${entry.node}/${entry.certificateName}`;
    const known = newest.get(id);
    if (!known || known.day < entry.day) newest.set(id, entry);
  }
  return newest.values();
}

/**
 * Whether the certificate is still needed, by the cluster record: it names the node, and nodes of this role have such a
 * certificate. Workers that only match a rule come and go with their machines, and nothing says which of them still exist,
 * so they are left out. User certificates are meant to expire. If the record cannot be read, the certificate counts as
 * needed.
 */
function isNeeded({ node, certificateName }: ExpiryEntry, record: ClusterRecord | Fault): boolean {
  if (!isCertificateName(certificateName)) return false;
  if (record instanceof Fault) return true;
  const known = findNode(record, node);
  if (!known || !profileOf(certificateName).roles.includes(known.role)) return false;
  return known.role === 'control-plane' || record.nodes.some(({ name }) => name === node);
}

/** Certificates with a short validity are near expiry only in its last third. */
function nearDaysOf(record: ClusterRecord | Fault, { nearDays }: ExpiryRules): number {
  if (record instanceof Fault) return nearDays;
  return Math.min(nearDays, Math.floor(record.validitySeconds / DAY_SECONDS / 3));
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}
