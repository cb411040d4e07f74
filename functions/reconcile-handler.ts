import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import type { Totals } from '../lib/contract/reconcile-cursor.ts';
import { METRICS } from '../lib/metric-names.ts';
import { readCursor, saveCursor } from '../lib/reconcile/cursor-store.ts';
import { findCovered } from '../lib/reconcile/find-covered.ts';
import { findUnfinished, type Window } from '../lib/reconcile/find-unfinished.ts';
import type { Shares } from '../lib/reconcile/places.ts';
import { takeTurns } from '../lib/reconcile/take-turns.ts';
import type { Gate } from '../lib/rotating/gate-result.ts';
import type { Service } from '../lib/service.ts';
import { measure, type Reporter } from './report.ts';
import type * as ReportDaily from './report-daily.ts';
import { reportMalformed } from './report-malformed.ts';
import { isS3Event, readS3Event } from './s3-events.ts';
import { type OutgoingMessage, wakeMessage } from './wake-message.ts';

const MINUTE_MS = 60 * 1000;
/** A request has its outcome within seconds, but S3's event may take minutes, and only the event names the uploader. */
const GRACE_MS = 5 * MINUTE_MS;
/** A week of records covers any outage that went unnoticed. */
const RECORDS_MS = 7 * 24 * 60 * MINUTE_MS;
/** What a run needs at its end, to queue what it has found and to save its cursor. */
const RESERVE_MS = MINUTE_MS;

/**
 * The most that one run queues. While signing is slow or stopped, runs queue the same requests repeatedly: this limits how
 * the queue grows, and still allows 12,000 requests an hour after an outage (with a run every five minutes).
 */
const MOST_REQUESTS = 1000;

/** How far a run looks, and how much it queues. */
export interface ReconcileRules extends Window {
  readonly mostRequests: number;
  readonly shares?: Shares;
}

const RULES = { graceMs: GRACE_MS, recordsMs: RECORDS_MS, mostRequests: MOST_REQUESTS };

/** The daily schedule sends `{ "records": true }`: check the ledger too, what expires, what nodes report, and trust domains. */
const eventSchema = z.object({ records: z.optional(z.boolean()) });

interface Queue {
  send(messages: readonly OutgoingMessage[]): Promise<void>;
}

interface Deps {
  readonly service: Service;
  readonly queue: Queue;
  readonly gate: Gate;
  readonly reporter: Reporter;
  readonly rules: ReconcileRules;
}

/**
 * Queues requests without an outcome again, and measures what is pending and which cluster records cannot be read; once a
 * day, also what expires, which nodes still have the keys of adopted CAs, and how far rotations are; then it also publishes
 * again what nodes read, if that is not what the document of the trust domain says. Runs on a schedule, and when a standing
 * approval was written: then it queues the requests that it covers. It decides nothing.
 */
export function newReconcileHandler(
  service: Service,
  queue: Queue,
  gate: Gate,
  reporter: Reporter,
  rules: ReconcileRules = RULES,
) {
  const deps = { service, queue, gate, reporter, rules };
  return middy<unknown>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(async (event: unknown, context: Context) => {
      const isLate = () => context.getRemainingTimeInMillis() < RESERVE_MS;
      if (isS3Event(event)) return { requeued: await wakeCovered(deps, event, isLate) };
      const daily = eventSchema.safeParse(event).data?.records === true;
      // a fault in one does not stop the other
      const [requeued, ...reported] = await Promise.allSettled([
        requeue(deps, daily, isLate),
        reportMalformed(service, reporter),
        daily ? daysReport(service, gate, reporter, isLate) : undefined,
      ]);
      if (requeued.status === 'rejected') throw requeued.reason;
      for (const one of reported) if (one.status === 'rejected') throw one.reason;
      return { requeued: requeued.value };
    });
}

/** Its code is loaded with the event that needs it: one run of a day. */
async function daysReport(...given: Parameters<typeof ReportDaily.reportDaily>): Promise<void> {
  const { reportDaily } = await import('./report-daily.ts');
  await reportDaily(...given);
}

async function requeue(deps: Deps, daily: boolean, isLate: () => boolean): Promise<number> {
  const { service, queue, reporter, rules } = deps;
  const stored = await readCursor(service.authority);
  const unfinished = await findUnfinished(service, {
    ...rules,
    cursor: stored.cursor,
    daily,
    isLate,
  });
  const { toWake, totals, continued, cursor } = unfinished;
  measureWaiting(reporter, totals, service.now());
  measure(reporter, METRICS.continued, continued);
  const turn = takeTurns(toWake, rules.mostRequests);
  const left = toWake.length - turn.length + unfinished.left;
  measure(reporter, METRICS.notRequeued, left);
  await queue.send(turn.map(({ key }) => wakeMessage(key)));
  measure(reporter, METRICS.requeued, turn.length);
  // last: if this is lost, the next run only looks at the same objects again
  const saved = await saveCursor(service.authority, stored, cursor);
  if (!saved) reporter.logger.info('another run has saved where to continue');
  const counts = { requeued: turn.length, waiting: totals.waiting };
  if (left === 0 && continued === 0) reporter.logger.info('reconciled', counts);
  else
    reporter.logger.warn('reconciled; the next run continues', {
      ...counts,
      left,
      continued,
      places: Object.keys(cursor.continued).slice(0, MOST_NAMES),
    });
  return turn.length;
}

/** A log event can have 256 KiB; the metric has the full count. */
const MOST_NAMES = 100;

/** If a standing approval covers more requests than one run queues, the scheduled runs queue the others. */
async function wakeCovered(
  { service, queue, reporter, rules }: Deps,
  event: unknown,
  isLate: () => boolean,
): Promise<number> {
  let requeued = 0;
  for (const { key } of readS3Event(event)) {
    const covered = await findCovered(service, key, isLate);
    const turn = takeTurns(covered.all(), rules.mostRequests);
    await queue.send(turn.map((request) => wakeMessage(request.key)));
    requeued += turn.length;
    reporter.logger.info('woke what a standing approval covers', {
      approval: key,
      requeued: turn.length,
      left: covered.all().length - turn.length + covered.left,
    });
  }
  measure(reporter, METRICS.requeued, requeued);
  return requeued;
}

/** Measured in every run, zeros too: so an alarm can distinguish "no requests" from "no run". */
function measureWaiting(
  reporter: Reporter,
  { waiting, oldestWaiting, oldestOpen }: Totals,
  now: Date,
): void {
  const ageSeconds = (since: number | undefined) =>
    since === undefined ? 0 : Math.max(0, Math.floor((now.getTime() - since) / 1000));
  measure(reporter, METRICS.approvalsWaiting, waiting);
  measure(reporter, METRICS.oldestApprovalAge, ageSeconds(oldestWaiting));
  measure(reporter, METRICS.oldestRequestAge, ageSeconds(oldestOpen));
}
