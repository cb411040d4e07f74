/** What is checked once a day: what expires, and whether CA keys are where they should not be. */
import type { Service } from '../lib/service.ts';
import { readDailyFacts } from './daily-facts.ts';
import type { Reporter } from './report.ts';
import { reportCaKeys } from './report-ca-keys.ts';
import { firstReportedDay, reportExpiries } from './report-expiries.ts';

export async function reportDaily(
  service: Service,
  reporter: Reporter,
  isLate: () => boolean,
): Promise<void> {
  const facts = await readDailyFacts(service, reporter, firstReportedDay);
  // a fault in one does not stop the other
  const reported = await Promise.allSettled([
    reportExpiries(service, reporter, facts),
    reportCaKeys(service, reporter, facts, isLate),
  ]);
  for (const one of reported) if (one.status === 'rejected') throw one.reason;
}
