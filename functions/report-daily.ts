/** What is checked once a day: what expires, whether CA keys are where they should not be, and trust domains. */
import type { Gate } from '../lib/rotating/gate-result.ts';
import type { Service } from '../lib/service.ts';
import { readDailyFacts } from './daily-facts.ts';
import type { Reporter } from './report.ts';
import { reportCaKeys } from './report-ca-keys.ts';
import { firstReportedDay, reportExpiries } from './report-expiries.ts';
import { reportTrustDomains } from './report-trust-domains.ts';

export async function reportDaily(
  service: Service,
  gate: Gate,
  reporter: Reporter,
  isLate: () => boolean,
): Promise<void> {
  // a fault in one does not stop the other
  const reported = await Promise.allSettled([
    reportClusters(service, reporter, isLate),
    reportTrustDomains(service, gate, reporter, isLate),
  ]);
  for (const one of reported) if (one.status === 'rejected') throw one.reason;
}

async function reportClusters(
  service: Service,
  reporter: Reporter,
  isLate: () => boolean,
): Promise<void> {
  const facts = await readDailyFacts(service, reporter, firstReportedDay);
  const reported = await Promise.allSettled([
    reportExpiries(service, reporter, facts),
    reportCaKeys(service, reporter, facts, isLate),
  ]);
  for (const one of reported) if (one.status === 'rejected') throw one.reason;
}
