/** Lambda entry: processes SQS messages about requests; the results are certificates and rejections. */
import type { Context } from 'aws-lambda';
import { newSqsClient } from '../lib/aws/sqs-client.ts';
import { loadIssue } from '../lib/issuance/issue-later.ts';
import { METRICS } from '../lib/metric-names.ts';
import { laterSigningKeys } from './later-signing-keys.ts';
import { measure, newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';
import { newSignHandler } from './sign-handler.ts';
import { sourceQueue } from './source-queue.ts';

const reporter = newReporter('sign');
const keys = laterSigningKeys(() => measure(reporter, METRICS.kmsThrottled, 1));

const handle = newSignHandler(serviceFromEnvironment(keys), sourceQueue(newSqsClient()), reporter);

/** What only a certificate needs is loaded while `sign` waits for SQS, not at init. */
export const handler = (event: unknown, context: Context) => {
  const handled = handle(event, context);
  keys.preload();
  loadIssue().catch(() => {}); // the request that needs it sees the error
  return handled;
};
