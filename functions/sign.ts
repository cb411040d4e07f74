/** Lambda entry: processes SQS messages about uploads and approvals; the results are certificates and rejections. */
import { newKmsClient } from '../lib/aws/clients.ts';
import { METRICS } from '../lib/metric-names.ts';
import { measure, newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';
import { newSignHandler } from './sign-handler.ts';

const reporter = newReporter('sign');
const onThrottle = () => measure(reporter, METRICS.kmsThrottled, 1);

export const handler = newSignHandler(serviceFromEnvironment(newKmsClient(), onThrottle), reporter);
