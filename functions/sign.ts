/** Lambda entry: processes SQS messages about requests; the results are certificates and rejections. */
import { newKmsClient } from '../lib/aws/clients.ts';
import { newSqsClient } from '../lib/aws/sqs-client.ts';
import { METRICS } from '../lib/metric-names.ts';
import { measure, newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';
import { newSignHandler } from './sign-handler.ts';
import { sourceQueue } from './source-queue.ts';

const reporter = newReporter('sign');
const onThrottle = () => measure(reporter, METRICS.kmsThrottled, 1);

export const handler = newSignHandler(
  serviceFromEnvironment(newKmsClient(), onThrottle),
  sourceQueue(newSqsClient()),
  reporter,
);
