import type { Duration } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { newPrivateBucket } from './private-bucket.ts';

/** Where S3 writes who read and wrote what in the two buckets of the contract. */
export class AccessLogsBucket extends Construct {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: { bucketName: string; retention: Duration }) {
    super(scope, id);
    this.bucket = newPrivateBucket(this, 'Bucket', {
      bucketName: props.bucketName,
      lifecycleRules: [{ id: 'old-logs', expiration: props.retention }],
    });
    acknowledge(this, {
      'AwsSolutions-S1': 'This is the bucket of the access logs; its own would log the logging.',
    });
  }
}
