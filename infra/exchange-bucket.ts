import { Duration } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { EXCHANGE_PREFIXES } from '../lib/contract/prefixes.ts';
import { ContractBucket } from './contract-bucket.ts';

export interface ExchangeBucketProps {
  readonly bucketName: string;
  readonly accessLogs: s3.Bucket;
  /** Requests and their outcomes are deleted after this time. */
  readonly expiration: Duration;
}

/**
 * The bucket that nodes can reach. It is not versioned: a private key that is deleted must be gone, and a version
 * would keep it (docs/decisions/0012-buckets.md).
 */
export function newExchangeBucket(
  scope: Construct,
  id: string,
  { bucketName, accessLogs, expiration }: ExchangeBucketProps,
): ContractBucket {
  return new ContractBucket(scope, id, {
    contract: 'exchange',
    bucketName,
    versioned: false,
    accessLogs,
    lifecycleRules: [
      { id: 'requests', prefix: EXCHANGE_PREFIXES.requests, expiration },
      {
        // A day later than requests: otherwise reconcile would queue a request again whose outcome has expired.
        id: 'certificates',
        prefix: EXCHANGE_PREFIXES.certificates,
        expiration: Duration.days(expiration.toDays() + 1),
      },
    ],
  });
}
