import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import { auditSignature, type Books, type Verdict } from '../lib/audit/audit-signature.ts';
import type { SignCall } from '../lib/audit/sign-call.ts';
import { METRICS } from '../lib/metric-names.ts';
import { readSignCall } from './cloudtrail-event.ts';
import { measure, type Reporter } from './report.ts';

/**
 * Holds each use of a CA key that CloudTrail tells of against the ledger. An event may come twice, and is raised twice
 * then; one that can't be read or judged is an error, so Lambda tries again, and its count of errors tells in the end.
 */
export function newWatchSignaturesHandler(books: Books, reporter: Reporter) {
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event): Promise<Verdict> => {
      const call = readSignCall(event);
      const verdict = await auditSignature(books, call);
      report(reporter, call, verdict);
      return verdict;
    });
}

function report(reporter: Reporter, call: SignCall, verdict: Verdict): void {
  const { logger } = reporter;
  const { kind, ...findings } = verdict;
  if (kind === 'not-ours') return;
  // a zero as well, so that the metric shows that somebody watches
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
  // of their own refusals the functions tell themselves, and KMS throttles them as a matter of course
  const refused = verdict.kind === 'refused' && !verdict.byOurs;
  if (kind === 'without-record') logger.error('a signature without a record', details);
  else if (refused) logger.warn('somebody was refused a signature with a CA key', details);
  else logger.info(kind, details);
}
