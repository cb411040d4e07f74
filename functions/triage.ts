/** Lambda entry: turns events of S3 about uploads and approvals into messages of the request queue. */
import { newSqsClient } from '../lib/aws/sqs-client.ts';
import { SqsRequestQueue } from '../lib/aws/sqs-request-queue.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { required } from './environment.ts';
import { newReporter } from './report.ts';
import { sourceQueue } from './source-queue.ts';
import { newTriageHandler } from './triage-handler.ts';

const client = newSqsClient();
const buckets = {
  exchange: required(ENVIRONMENT.exchangeBucket),
  authority: required(ENVIRONMENT.authorityBucket),
};

export const handler = newTriageHandler(
  sourceQueue(client),
  new SqsRequestQueue(client, required(ENVIRONMENT.queueUrl)),
  buckets,
  newReporter('triage'),
);
