/** Reports nodes that still have CA keys after these were adopted, once a day. */

import { METRICS } from '../lib/metric-names.ts';
import { findCaKeysOnNodes, type KeyRules } from '../lib/node-reports/find-ca-keys.ts';
import type { Service } from '../lib/service.ts';
import type { DailyFacts } from './daily-facts.ts';
import { measure, type Reporter } from './report.ts';

/**
 * Two weeks are enough to renew every node and to release the keys, days apart. The timer runs every
 * day at least, and each run writes a report: a control plane that has been silent for a week has missed six of them.
 * 10,000 reports are 10 listing calls, and half a minute of reads.
 */
const RULES: KeyRules = { graceDays: 14, reportDays: 7, mostReports: 10_000 };

/** A log event can have 256 KiB; the metric has the full count. */
const MOST_NAMES = 100;

export async function reportCaKeys(
  service: Service,
  reporter: Reporter,
  facts: DailyFacts,
  isLate: () => boolean,
): Promise<void> {
  const { nodes, unread } = await findCaKeysOnNodes(service, facts, RULES, isLate);
  measure(reporter, METRICS.caKeysOnNodes, nodes.length);
  if (nodes.length > 0)
    reporter.logger.error('CA keys are on nodes, or it is unknown whether they are', {
      count: nodes.length,
      nodes: nodes.slice(0, MOST_NAMES),
    });
  if (unread.length > 0)
    reporter.logger.warn('not every report of nodes was read', {
      count: unread.length,
      clusters: unread.slice(0, MOST_NAMES),
    });
}
