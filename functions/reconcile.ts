/** Lambda entry: on a schedule, finds unfinished requests and queues them again. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { CLIENT_SETTINGS } from '../lib/aws/clients.ts';
import { SqsRequestQueue } from '../lib/aws/sqs-request-queue.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { required } from './environment.ts';
import { newReconcileHandler } from './reconcile-handler.ts';
import { newReporter } from './report.ts';
import { serviceFromEnvironment } from './service.ts';

const queue = new SqsRequestQueue(new SQSClient(CLIENT_SETTINGS), required(ENVIRONMENT.queueUrl));

export const handler = newReconcileHandler(
  serviceFromEnvironment(),
  queue,
  newReporter('reconcile'),
);
