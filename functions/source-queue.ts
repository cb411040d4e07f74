import type { SQSClient } from '@aws-sdk/client-sqs';
import { SqsSourceQueue } from '../lib/aws/sqs-source-queue.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import { required } from './environment.ts';

/** The queue that the function reads, as the deployment names it. */
export function sourceQueue(client: SQSClient): SqsSourceQueue {
  return new SqsSourceQueue(client, {
    url: required(ENVIRONMENT.sourceQueueUrl),
    arn: required(ENVIRONMENT.sourceQueueArn),
  });
}
