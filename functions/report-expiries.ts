/** Reports what expires, for alarms and for people, once a day. */
import type { ExpiryEntry } from '../lib/contract/expiry-key.ts';
import { type CaExpiry, findCaExpiries } from '../lib/expiry/find-ca-expiry.ts';
import { type ExpiryRules, findExpiring, firstDay } from '../lib/expiry/find-expiring.ts';
import { METRICS } from '../lib/metric-names.ts';
import type { Service } from '../lib/service.ts';
import type { DailyFacts } from './daily-facts.ts';
import { measure, type Reporter } from './report.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * kubeadm's certificates are valid for a year: this leaves one month to find out why a certificate was not renewed, and
 * one month to notice what was missed.
 */
const RULES: ExpiryRules = { nearDays: 30, expiredDays: 30 };

/** A log event can have 256 KiB; the metric has the full count. */
const MOST_NAMES = 100;

/** What expired earlier is not reported. */
export const firstReportedDay = (now: Date): string => firstDay(now, RULES);

export async function reportExpiries(
  service: Service,
  reporter: Reporter,
  { now, records, entries }: DailyFacts,
): Promise<void> {
  const { near, expired } = findExpiring(entries, records, now, RULES);
  measure(reporter, METRICS.certificatesNearExpiry, near.length);
  measure(reporter, METRICS.certificatesExpired, expired.length);
  if (near.length > 0)
    reporter.logger.warn('certificates expire soon and are not renewed', listed(near));
  if (expired.length > 0)
    reporter.logger.error('certificates expired and were not renewed', listed(expired));
  await reportCaExpiry(service, reporter, records);
}

async function reportCaExpiry(
  service: Service,
  reporter: Reporter,
  records: DailyFacts['records'],
): Promise<void> {
  const all = await findCaExpiries(service.authority, records);
  const [first] = all;
  if (!first) return;
  const now = service.now();
  const daysLeft = daysBetween(now, first.notAfter);
  measure(reporter, METRICS.caDaysLeft, daysLeft);
  reporter.logger.info('the CA that expires first', { ...first, daysLeft });
  reportWithoutSuccessor(reporter, all, now);
  reportRotations(reporter, all, now);
}

/** A rotation of a large fleet takes months: every node, and everybody outside, has to trust the new CA first. */
const SUCCESSOR_DAYS = 2 * 365;

function reportWithoutSuccessor(reporter: Reporter, all: readonly CaExpiry[], now: Date): void {
  const found = all.filter(
    ({ notAfter, rotation }) => !rotation && daysBetween(now, notAfter) < SUCCESSOR_DAYS,
  );
  measure(reporter, METRICS.casWithoutSuccessor, found.length);
  if (found.length > 0)
    reporter.logger.warn('CAs end within two years, and are neither renewed nor rotated', {
      cas: found.slice(0, MOST_NAMES),
    });
}

function reportRotations(reporter: Reporter, all: readonly CaExpiry[], now: Date): void {
  const found = all
    .flatMap(({ rotation, ...ca }) =>
      rotation ? [{ ...ca, ...rotation, days: daysBetween(new Date(rotation.since), now) }] : [],
    )
    .sort((a, b) => b.days - a.days);
  measure(reporter, METRICS.rotationDays, found[0]?.days ?? 0);
  if (found.length > 0)
    reporter.logger.info('rotations that are under way', { rotations: found.slice(0, MOST_NAMES) });
}

const daysBetween = (from: Date, to: Date): number =>
  Math.floor((to.getTime() - from.getTime()) / DAY_MS);

/** The count, and the most urgent certificates. */
function listed(entries: readonly ExpiryEntry[]) {
  const byDay = [...entries].sort((a, b) => a.day.localeCompare(b.day));
  return { count: entries.length, certificates: byDay.slice(0, MOST_NAMES) };
}
