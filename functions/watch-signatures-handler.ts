import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import { type AuditDeps, auditSignature, type Verdict } from '../lib/audit/audit-signature.ts';
import type { SignCall } from '../lib/audit/sign-call.ts';
import { METRICS } from '../lib/metric-names.ts';
import { readSignCall } from './cloudtrail-event.ts';
import { measure, type Reporter } from './report.ts';

/**
 * Compares each use of a CA key that CloudTrail reports with the ledger. An event may be delivered twice, and is then
 * reported twice. An event that cannot be read or judged is an error: Lambda retries it, and an alarm counts the errors.
 */
export function newWatchSignaturesHandler(deps: AuditDeps, reporter: Reporter) {
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event): Promise<Verdict> => {
      const call = readSignCall(event);
      const verdict = await auditSignature(deps, call);
      report(reporter, call, verdict);
      return verdict;
    });
}

function report(reporter: Reporter, call: SignCall, verdict: Verdict): void {
  const { logger } = reporter;
  const { kind, ...findings } = verdict;
  if (kind === 'not-ours') return;
  // zeros are written too, so that the metric shows that the audit runs
  measure(reporter, METRICS.signatureWithoutRecord, kind === 'without-record' ? 1 : 0);
  const details = {
    caller: call.caller.description,
    role: call.caller.arn,
    at: call.at.toISOString(),
    keyId: call.keyArn,
    requestId: call.requestId,
    eventId: call.eventId,
    sourceIp: call.sourceIp,
    userAgent: call.userAgent,
    errorCode: call.errorCode,
    ...findings,
  };
  // the functions report their denied calls themselves, and throttling is normal
  const refused = verdict.kind === 'refused' && !verdict.byOurs;
  if (kind === 'without-record') logger.error('a signature without a record', details);
  else if (refused) logger.warn('KMS denied a signature with a CA key', details);
  else logger.info(kind, details);
}
