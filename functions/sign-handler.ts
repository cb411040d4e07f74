import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import middy from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { SharedDeclarations } from '../lib/issuance/grounds.ts';
import { processRequest } from '../lib/issuance/process-request.ts';
import { METRICS } from '../lib/metric-names.ts';
import type { Service } from '../lib/service.ts';
import { type OwnQueue, processOwnMessages, type QueueRecord } from './own-queue.ts';
import { type Reporter, reportFault, reportProcessed } from './report.ts';
import { readWakeMessage } from './wake-message.ts';

/**
 * Judges and signs the requests in a batch of SQS messages, all at the same time; only messages that fail are redelivered.
 */
export function newSignHandler(service: Service, requests: OwnQueue, reporter: Reporter) {
  const unproven = { reporter, metric: METRICS.unprovenWake };
  const handleBatch = (event: unknown, context: Context): Promise<SQSBatchResponse> =>
    processOwnMessages(requests, unproven, event, (Records) => {
      const declared = new SharedDeclarations(service.authority);
      return processPartialResponse(
        { Records: [...Records] },
        (message: QueueRecord) => handleMessage({ service, declared }, reporter, message),
        new BatchProcessor(EventType.SQS),
        { context, throwOnFullBatchFailure: false },
      );
    });
  return middy<unknown, SQSBatchResponse>()
    .use(injectLambdaContext(reporter.logger))
    .use(logMetrics(reporter.metrics))
    .handler(handleBatch);
}

interface Batch {
  readonly service: Service;
  readonly declared: SharedDeclarations;
}

/** A message names one request, so that no request makes another fail. @throws whatever makes SQS redeliver it */
async function handleMessage(
  { service, declared }: Batch,
  reporter: Reporter,
  { body }: QueueRecord,
): Promise<void> {
  let key = '';
  try {
    const wake = readWakeMessage(body);
    key = wake.key;
    reportProcessed(reporter, key, await processRequest(service, wake, declared));
  } catch (error) {
    reportFault(reporter, key, error);
    throw error;
  }
}
