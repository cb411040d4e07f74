/** Log lines and metrics of the functions: never a PEM, never a key. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { signerOfPath } from '../lib/certificates-api/signers.ts';
import { parseRequestKey } from '../lib/contract/request-key.ts';
import { Fault } from '../lib/fault.ts';
import type { Processed } from '../lib/issuance/wake.ts';
import { METRICS, METRICS_NAMESPACE, type Metric, type ServiceName } from '../lib/metric-names.ts';

export function newReporter(serviceName: ServiceName) {
  return {
    logger: new Logger({ serviceName }),
    metrics: new Metrics({ namespace: METRICS_NAMESPACE, serviceName, logger: QUIET }),
  };
}

/** Powertools warns about an empty set of metrics, which a test event has, or a parallel batch on one machine. */
const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error };

export type Reporter = ReturnType<typeof newReporter>;

/** At once, since a set of metrics has one set of dimensions. */
function measureOfCluster({ metrics }: Reporter, { name, unit }: Metric, cluster: string): void {
  const one = metrics.singleMetric();
  one.addDimension('cluster', cluster);
  one.addMetric(name, unit, 1);
}

/** Values of the same metric become one list in a run's log line. */
export function measure({ metrics }: Reporter, { name, unit }: Metric, value: number): void {
  metrics.addMetric(name, unit, value);
}

/**
 * One line for each wake-up, with what the security team needs later: who, what, which serial number, or why it was
 * rejected.
 */
export function reportProcessed(reporter: Reporter, key: string, done: Processed): void {
  const { logger } = reporter;
  const { record } = done;
  measure(reporter, METRICS[done.outcome], 1);
  const cluster = done.outcome === 'issued' ? clusterOfCsr(key) : undefined;
  if (cluster !== undefined) measureOfCluster(reporter, METRICS.csrIssued, cluster);
  logger.info(done.outcome, {
    request: key,
    reason: done.overBudget ? 'budget-exceeded' : done.reason,
    certificateName: record?.certificateName,
    csrSha256: record?.csrSha256,
    uploader: record?.uploader,
    ...(record?.decision === 'issue' && {
      ca: record.ca,
      caVersion: record.caVersion,
      keyId: record.keyId,
      serialNumber: record.certificate.serialNumber,
      notAfter: record.certificate.notAfter,
      planDigest: record.approval?.planDigest,
      approvers: record.approval?.by.map(({ approver }) => approver),
    }),
    ...(record?.decision === 'reject' && { codes: record.violations.map(({ code }) => code) }),
  });
  if (done.misfits) {
    measure(reporter, METRICS.recordMisfit, 1);
    logger.error('a record does not fit its request, and was not signed', {
      request: key,
      misfits: done.misfits,
    });
  }
  if (done.overBudget) measure(reporter, METRICS.overBudget, 1);
  if (done.removed) {
    measure(reporter, METRICS.objectRemoved, 1);
    logger.warn('deleted an object that contained a private key or could not be inspected', {
      request: key,
    });
  }
  if (done.overwritten) {
    measure(reporter, METRICS.requestOverwritten, 1);
    logger.warn('a request was overwritten after it was decided', { request: key });
  }
}

/** Undefined unless it is a CSR of the certificates API. */
function clusterOfCsr(key: string): string | undefined {
  const address = parseRequestKey(key);
  return address && signerOfPath(address.path) ? address.cluster : undefined;
}

/** SQS redelivers after a temporary fault; anything else goes to the dead-letter queue and needs a person. */
export function reportFault(reporter: Reporter, key: string, error: unknown): void {
  const { logger } = reporter;
  const temporary = error instanceof Fault && error.code === 'unavailable';
  measure(reporter, temporary ? METRICS.transientFault : METRICS.failure, 1);
  const details = {
    request: key,
    code: error instanceof Fault ? error.code : 'bug',
    error: error instanceof Error ? error : new Error(String(error)),
  };
  if (temporary) logger.warn('will be retried', details);
  else logger.error('failed', details);
}
