import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { EXCHANGE_PREFIXES } from '../lib/contract/prefixes.ts';
import { acknowledge } from './acknowledge.ts';
import { ContractBucket, type ContractBucketProps } from './contract-bucket.ts';

export interface ExchangeBucketProps
  extends Pick<ContractBucketProps, 'bucketName' | 'accessLogs' | 'namePrefix' | 'guardians'> {
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
  { expiration, ...props }: ExchangeBucketProps,
): ContractBucket {
  const exchange = new ContractBucket(scope, id, {
    ...props,
    contract: 'exchange',
    versioned: false,
    lifecycleRules: [
      { id: 'requests', prefix: EXCHANGE_PREFIXES.requests, expiration },
      {
        // A day later than requests: otherwise reconcile would queue a request again whose outcome has expired.
        id: 'certificates',
        prefix: EXCHANGE_PREFIXES.certificates,
        expiration: Duration.days(expiration.toDays() + 1),
      },
      // A lease is for minutes: what a node left behind must not stop the others forever.
      { id: 'leases', prefix: EXCHANGE_PREFIXES.leases, expiration: Duration.days(1) },
      // A node writes its report at least once a week; one that does not is gone, or it is missed by its certificates.
      { id: 'reports', prefix: EXCHANGE_PREFIXES.reports, expiration: Duration.days(90) },
    ],
  });
  acknowledge(exchange.bucket, {
    CKV_AWS_21:
      'A private key that is uploaded must be gone when it is deleted, and a version would keep it. The bucket policy denies overwriting.',
  });
  return exchange;
}
