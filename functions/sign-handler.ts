import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import { listPending } from '../lib/issuance/pending.ts';
import { processRequest } from '../lib/issuance/process-request.ts';
import type { Service } from '../lib/service.ts';
import { type Reporter, reportFault, reportProcessed } from './report.ts';
import { readStandingApprovals, readWakes } from './wakes.ts';

/** Judges and signs the requests of a batch of SQS messages; a message that fails comes back alone. */
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

async function handleMessage(service: Service, reporter: Reporter, message: SQSRecord) {
  let key = '';
  try {
    const wakes = readWakes(message.body);
    for (const cluster of readStandingApprovals(message.body))
      for await (const request of listPending(service, cluster)) wakes.push({ key: request });
    for (const wake of wakes) {
      key = wake.key;
      reportProcessed(reporter, key, await processRequest(service, wake));
    }
  } catch (error) {
    reportFault(reporter, key, error);
    throw error;
  }
}
