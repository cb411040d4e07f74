import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ContractBucket } from './contract-bucket.ts';

export interface AuthorityBucketProps {
  readonly bucketName: string;
  readonly accessLogs: s3.Bucket;
}

/** The bucket that nodes cannot reach. It keeps every version, and nothing in it expires. */
export function newAuthorityBucket(
  scope: Construct,
  id: string,
  { bucketName, accessLogs }: AuthorityBucketProps,
): ContractBucket {
  return new ContractBucket(scope, id, {
    contract: 'authority',
    bucketName,
    versioned: true,
    accessLogs,
  });
}
