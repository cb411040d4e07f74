/** Reports cluster records that cannot be read, in each run: the kubelets of a whole trust domain may depend on one. */
import { findMalformedRecords } from '../lib/cluster/find-malformed.ts';
import { METRICS } from '../lib/metric-names.ts';
import type { Service } from '../lib/service.ts';
import { measure, type Reporter } from './report.ts';

/** A log event can have 256 KiB; the metric has the full count. */
const MOST_KEYS = 100;

export async function reportMalformed(
  { authority }: Pick<Service, 'authority'>,
  reporter: Reporter,
): Promise<void> {
  const malformed = await findMalformedRecords(authority);
  measure(reporter, METRICS.recordsMalformed, malformed.length);
  if (malformed.length > 0)
    reporter.logger.error('cluster records are malformed', {
      malformed: malformed.slice(0, MOST_KEYS),
    });
}
