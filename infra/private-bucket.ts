import { RemovalPolicy } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface PrivateBucketProps extends s3.BucketProps {
  readonly bucketName: string;
}

/**
 * What all buckets have in common: TLS only, no public access, encrypted, no ACLs. A bucket stays when its stack is
 * deleted. (If the first deployment fails, CloudFormation deletes it again, unless it contains objects.)
 */
export class PrivateBucket extends Construct {
  readonly bucket: s3.Bucket;
  /** As text, not as a reference, for policies that must exist before the bucket. */
  readonly bucketName: string;

  constructor(scope: Construct, id: string, props: PrivateBucketProps, bucketId = 'Bucket') {
    super(scope, id);
    this.bucketName = props.bucketName;
    this.bucket = new s3.Bucket(this, bucketId, {
      // S3 delivers access logs only to buckets with SSE-S3
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...props,
    });
  }
}
