/**
 * Looks at each trust domain, once a day: whether nodes read what its document says, and what the next phase of its
 * rotation waits for.
 */
import { mendTrust } from '../lib/ca/mend-trust.ts';
import { AUTHORITY_PREFIXES } from '../lib/contract/prefixes.ts';
import { trustDomainOfKey } from '../lib/contract/trust-domain.ts';
import { METRICS } from '../lib/metric-names.ts';
import type { Gate } from '../lib/rotating/gate-result.ts';
import { readTrustDomainObject } from '../lib/rotating/read-trust-domain.ts';
import { writeSummary } from '../lib/rotating/summary.ts';
import type { Service } from '../lib/service.ts';
import { measure, type Reporter } from './report.ts';

/** A log event can have 256 KiB. */
const MOST_NAMES = 100;

export async function reportTrustDomains(
  service: Service,
  gate: Gate,
  reporter: Reporter,
  isLate: () => boolean,
): Promise<void> {
  const names = await listTrustDomains(service);
  // a fault in one does not stop the others
  const faults: unknown[] = [];
  const each = async (look: (trustDomain: string) => Promise<void>) => {
    for (const name of names) await look(name).catch((fault: unknown) => faults.push(fault));
  };
  let misfits = 0;
  await each(async (name) => {
    misfits += await reportMisfits(service, reporter, name);
  });
  measure(reporter, METRICS.trustMisfit, misfits);
  // after all of these: it reads the reports of whole fleets
  await each((name) => reportRotation(service, gate, reporter, name, isLate));
  const [fault] = faults;
  if (faults.length > 0) throw fault;
}

async function listTrustDomains({ authority }: Service): Promise<string[]> {
  const names: string[] = [];
  for await (const { key } of authority.list(AUTHORITY_PREFIXES.trust)) {
    const name = trustDomainOfKey(key);
    if (name !== undefined) names.push(name);
  }
  return names;
}

async function reportMisfits(
  service: Service,
  reporter: Reporter,
  trustDomain: string,
): Promise<number> {
  const { republished, unknown } = await mendTrust(service, trustDomain);
  if (republished.length > 0)
    reporter.logger.error('what nodes read was not what the document says; published it again', {
      trustDomain,
      republished,
    });
  if (unknown.length > 0)
    reporter.logger.error('objects below trust/ that Cakeless does not publish', {
      trustDomain,
      count: unknown.length,
      unknown: unknown.slice(0, MOST_NAMES),
    });
  return republished.length + unknown.length;
}

async function reportRotation(
  service: Service,
  gate: Gate,
  reporter: Reporter,
  trustDomain: string,
  isLate: () => boolean,
): Promise<void> {
  const read = await readTrustDomainObject(service, trustDomain);
  if (!read.document.rotation) return;
  if (isLate()) {
    reporter.logger.warn('a rotation was not looked at: the run has to end', { trustDomain });
    return;
  }
  const summary = await writeSummary(service, gate, read);
  if (!summary) return;
  const { progress, missing, leftOut, todo } = summary;
  reporter.logger.info('a rotation that is under way', {
    trustDomain,
    phase: read.document.rotation.phase,
    progress,
    missing: missing.length + leftOut.missing,
    todo,
  });
}
