import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { listPending } from '../lib/issuance/pending.ts';
import { processRequest } from '../lib/issuance/process-request.ts';
import type { Wake } from '../lib/issuance/wake.ts';
import type { Service } from '../lib/service.ts';
import { type Reporter, reportFault, reportProcessed } from './report.ts';
import { readStandingApprovals, readWakes } from './wakes.ts';

/** Judges and signs the requests in a batch of SQS messages; only messages that fail are redelivered. */
export function newSignHandler(service: Service, reporter: Reporter) {
  const handleBatch = (event: SQSEvent, context: Context) =>
    processPartialResponse(
      event,
      (message: SQSRecord) => handleMessage(service, reporter, message),
      new BatchProcessor(EventType.SQS),
      { context, throwOnFullBatchFailure: false },
    );
  return middy<SQSEvent>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(handleBatch);
}

/** A fault in one request does not block the rest of its message; SQS redelivers the message. */
async function handleMessage(service: Service, reporter: Reporter, message: SQSRecord) {
  const faults: unknown[] = [];
  const attempt = async (key: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      reportFault(reporter, key, error);
      faults.push(error);
    }
  };
  await attempt('', async () => {
    for await (const wake of wakesOf(service, message.body))
      await attempt(wake.key, async () =>
        reportProcessed(reporter, wake.key, await processRequest(service, wake)),
      );
  });
  if (faults.length > 0) throw faults[0];
}

/** The requests that the message names; a standing approval wakes all pending requests of its cluster. */
async function* wakesOf(service: Service, body: string): AsyncGenerator<Wake> {
  yield* readWakes(body);
  for (const cluster of readStandingApprovals(body))
    for await (const key of listPending(service, cluster)) yield { key };
}
