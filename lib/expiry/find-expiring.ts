/** Which certificates expire, or expired, without having been renewed. */
import { findNode } from '../cluster/find-node.ts';
import type { ClusterRecord } from '../cluster/record.ts';
import { Fault } from '../fault.ts';
import { isCertificateName } from '../profiles/certificate-names.ts';
import { profileOf } from '../profiles/profile-for.ts';
import { dayOf, type ExpiryEntry } from './expiry-index.ts';

export interface ExpiryRules {
  /** A certificate that has as many days left, or fewer, is near its expiry. */
  readonly nearDays: number;
  /** One that expired up to so many days ago is told of; then somebody has seen it, or nobody needs it. */
  readonly expiredDays: number;
}

export interface Expiring {
  readonly near: readonly ExpiryEntry[];
  readonly expired: readonly ExpiryEntry[];
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DAY_SECONDS = 24 * 60 * 60;

/** The first day whose certificates matter: where to begin to read the index. */
export function firstDay(now: Date, { expiredDays }: ExpiryRules): string {
  return dayOf(new Date(now.getTime() - expiredDays * DAY_MS));
}

/**
 * @param entries every certificate of the index from `firstDay` on
 * @param records the cluster records as they are now; a fault stands for one that can't be read
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

/** The newest certificate of a cluster, node and name; the others have been renewed by it. */
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
 * Whether anybody misses the certificate once it is gone, as far as the cluster record says: it names the node still,
 * and the node's role has such a certificate. Workers that only a rule vouches for come and go with their machines, and
 * nothing says which of them are still there: they are left out. User certificates are to expire. A record that can't
 * be read says nothing against.
 */
function isNeeded({ node, certificateName }: ExpiryEntry, record: ClusterRecord | Fault): boolean {
  if (!isCertificateName(certificateName)) return false;
  if (record instanceof Fault) return true;
  const known = findNode(record, node);
  if (!known || !profileOf(certificateName).roles.includes(known.role)) return false;
  return known.role === 'control-plane' || record.nodes.some(({ name }) => name === node);
}

/** A certificate of a few days is not near its expiry from its first day on: it is in the last third of its life. */
function nearDaysOf(record: ClusterRecord | Fault, { nearDays }: ExpiryRules): number {
  if (record instanceof Fault) return nearDays;
  return Math.min(nearDays, Math.floor(record.validitySeconds / DAY_SECONDS / 3));
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}
