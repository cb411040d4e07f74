/**
 * What S3 reports, and to whom (lib/access/services.ts). It is set on the buckets directly: CDK's addEventNotification
 * would add a function that may change the notifications of every bucket of the account.
 */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { NOTIFICATIONS, type Notification } from '../lib/access/services.ts';
import type { Bucket } from '../lib/contract/prefixes.ts';
import type { CakelessFunction } from './cakeless-function.ts';
import type { ContractBucket } from './contract-bucket.ts';
import { bucketArn } from './queues.ts';

export interface NotifiedProps {
  readonly buckets: Readonly<Record<Bucket, ContractBucket>>;
  readonly uploads: sqs.Queue;
  readonly reconcile: CakelessFunction;
}

/** Sets `NOTIFICATIONS` on the buckets, and lets S3 invoke reconcile. The upload queue's policy lets it send. */
export function notify({ buckets, uploads, reconcile }: NotifiedProps): void {
  for (const [contract, bucket] of Object.entries(buckets)) {
    const own = NOTIFICATIONS.filter((one) => one.bucket === contract);
    const toQueue = own.filter(({ to }) => to === 'upload queue');
    const toReconcile = own.filter(({ to }) => to === 'function reconcile');
    const resource = bucket.bucket.node.defaultChild as s3.CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: toQueue.map((one) => ({ ...filterOf(one), queue: uploads.queueArn })),
      ...(toReconcile.length > 0 && {
        lambdaConfigurations: toReconcile.map((one) => ({
          ...filterOf(one),
          function: reconcile.function.functionArn,
        })),
      }),
    };
    // S3 sends a test event before it accepts the configuration.
    const policy = uploads.node.tryFindChild('Policy');
    if (policy) resource.node.addDependency(policy);
    if (toReconcile.length > 0) resource.node.addDependency(allowCalls(bucket, reconcile));
  }
}

const filterOf = ({ prefix }: Notification) => ({
  event: 's3:ObjectCreated:*',
  filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } },
});

function allowCalls({ bucketName }: ContractBucket, { function: called }: CakelessFunction) {
  const id = 'StandingApprovals';
  called.addPermission(id, {
    principal: new iam.ServicePrincipal('s3.amazonaws.com'),
    sourceArn: bucketArn(called, bucketName),
    sourceAccount: Stack.of(called).account,
  });
  return called.node.findChild(id);
}
