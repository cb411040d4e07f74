import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import * as z from 'zod/mini';
import { METRICS } from '../lib/metric-names.ts';
import { findUnfinished, type Window } from '../lib/reconcile/find-unfinished.ts';
import type { Service } from '../lib/service.ts';
import { measure, type Reporter } from './report.ts';
import { wakeMessage } from './wakes.ts';

const MINUTE_MS = 60 * 1000;
/** A request has its outcome in seconds; S3 may take minutes to tell of one, and its event alone names the uploader. */
const GRACE_MS = 5 * MINUTE_MS;
/** Records of a week cover any outage that nobody noticed. */
const RECORDS_MS = 7 * 24 * 60 * MINUTE_MS;

/** `{ "records": true }` is what the daily schedule sends: look at the ledger too. */
const eventSchema = z.object({ records: z.optional(z.boolean()) });

/** Queues every request without an outcome again. Runs on a schedule; decides nothing itself. */
export function newReconcileHandler(
  service: Service,
  queue: { send(body: string): Promise<void> },
  reporter: Reporter,
  window: Window = { graceMs: GRACE_MS, recordsMs: RECORDS_MS },
) {
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event) => {
      const records = eventSchema.safeParse(event).data?.records === true;
      const keys = await findUnfinished(service, records ? window : { ...window, recordsMs: 0 });
      for (const key of keys) await queue.send(wakeMessage(key));
      measure(reporter, METRICS.requeued, keys.length);
      reporter.logger.info('reconciled', { requeued: keys.length });
      return { requeued: keys.length };
    });
}
