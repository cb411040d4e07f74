import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import * as z from 'zod/mini';
import { clusterOfStandingApproval } from '../lib/contract/approvals.ts';
import { listPending } from '../lib/issuance/pending.ts';
import { METRICS } from '../lib/metric-names.ts';
import { findUnfinished, type Unfinished, type Window } from '../lib/reconcile/find-unfinished.ts';
import { oldestAgeSeconds } from '../lib/reconcile/open-requests.ts';
import { takeTurns } from '../lib/reconcile/take-turns.ts';
import type { Service } from '../lib/service.ts';
import { measure, type Reporter } from './report.ts';
import { reportExpiries } from './report-expiries.ts';
import { isS3Event, readS3Event } from './s3-events.ts';
import { type OutgoingMessage, wakeMessage } from './wake-message.ts';

const MINUTE_MS = 60 * 1000;
/** A request has its outcome within seconds, but S3's event may take minutes, and only the event names the uploader. */
const GRACE_MS = 5 * MINUTE_MS;
/** A week of records covers any outage that went unnoticed. */
const RECORDS_MS = 7 * 24 * 60 * MINUTE_MS;

/**
 * The most that one run queues. While signing is slow or stopped, runs queue the same requests repeatedly: this limits how
 * the queue grows, and still allows 12,000 requests an hour after an outage (with a run every five minutes).
 */
const MOST_REQUESTS = 1000;

/** How far a run looks, and how much it queues. */
export interface ReconcileRules extends Window {
  readonly mostRequests: number;
}

const RULES = { graceMs: GRACE_MS, recordsMs: RECORDS_MS, mostRequests: MOST_REQUESTS };

/** The daily schedule sends `{ "records": true }`: check the ledger too, and what expires. */
const eventSchema = z.object({ records: z.optional(z.boolean()) });

interface Queue {
  send(messages: readonly OutgoingMessage[]): Promise<void>;
}

/**
 * Queues requests without an outcome again, and measures what is pending; once a day, also what expires. Runs on a
 * schedule, and decides nothing.
 */
export function newReconcileHandler(
  service: Service,
  queue: Queue,
  reporter: Reporter,
  rules: ReconcileRules = RULES,
) {
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event) => {
      if (isS3Event(event)) return { requeued: await wakeCovered(service, queue, reporter, event) };
      const daily = eventSchema.safeParse(event).data?.records === true;
      // a fault in one does not stop the other
      const [requeued, reported] = await Promise.allSettled([
        requeue(service, queue, reporter, daily ? rules : { ...rules, recordsMs: 0 }),
        daily ? reportExpiries(service, reporter) : undefined,
      ]);
      if (requeued.status === 'rejected') throw requeued.reason;
      if (reported.status === 'rejected') throw reported.reason;
      return { requeued: requeued.value };
    });
}

/**
 * A standing approval was written: queues the pending requests of its cluster. If there are more than one run queues, the
 * scheduled runs queue the others.
 */
async function wakeCovered(
  service: Service,
  queue: Queue,
  reporter: Reporter,
  event: unknown,
): Promise<number> {
  const clusters = readS3Event(event).map(({ key }) => clusterOfStandingApproval(key));
  const messages: OutgoingMessage[] = [];
  for (const cluster of new Set(clusters))
    if (cluster !== undefined)
      for await (const key of listPending(service, cluster)) {
        if (messages.length === MOST_REQUESTS) break;
        messages.push(wakeMessage(key));
      }
  await queue.send(messages);
  measure(reporter, METRICS.requeued, messages.length);
  reporter.logger.info('woke requests that a standing approval may cover', {
    requeued: messages.length,
  });
  return messages.length;
}

async function requeue(
  service: Service,
  queue: Queue,
  reporter: Reporter,
  rules: ReconcileRules,
): Promise<number> {
  const unfinished = await findUnfinished(service, rules);
  measureWaiting(reporter, unfinished, service.now());
  const turn = takeTurns(unfinished.toWake, rules.mostRequests);
  const left = unfinished.toWake.length - turn.length;
  measure(reporter, METRICS.notRequeued, left);
  await queue.send(turn.map(({ key }) => wakeMessage(key)));
  measure(reporter, METRICS.requeued, turn.length);
  const counts = { requeued: turn.length, waiting: unfinished.waiting.length };
  if (left === 0) reporter.logger.info('reconciled', counts);
  else
    reporter.logger.warn('reconciled; some requests are left for the next run', {
      ...counts,
      left,
    });
  return turn.length;
}

/** Measured in every run, zeros too: so an alarm can distinguish "no requests" from "no run". */
function measureWaiting(
  reporter: Reporter,
  { withoutOutcome, waiting }: Unfinished,
  now: Date,
): void {
  const requests = withoutOutcome.filter(({ isRequest }) => isRequest);
  measure(reporter, METRICS.approvalsWaiting, waiting.length);
  measure(reporter, METRICS.oldestApprovalAge, oldestAgeSeconds(waiting, now));
  measure(reporter, METRICS.oldestRequestAge, oldestAgeSeconds(requests, now));
}
