import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AUTHORITY_PREFIXES } from '../lib/contract/prefixes.ts';
import { ContractBucket, type ContractBucketProps } from './contract-bucket.ts';

export type AuthorityBucketProps = Pick<
  ContractBucketProps,
  'bucketName' | 'accessLogs' | 'namePrefix' | 'guardians'
>;

/** A budget is for one day; a week of them shows what happened. */
const BUDGETS = Duration.days(8);

/** The bucket that nodes cannot reach. It keeps every version, and nothing in it expires except budgets and cursors. */
export function newAuthorityBucket(
  scope: Construct,
  id: string,
  props: AuthorityBucketProps,
): ContractBucket {
  return new ContractBucket(scope, id, {
    ...props,
    contract: 'authority',
    versioned: true,
    lifecycleRules: [
      {
        id: 'budgets',
        prefix: AUTHORITY_PREFIXES.budgets,
        expiration: BUDGETS,
        noncurrentVersionExpiration: BUDGETS,
      },
      {
        id: 'delete-markers-of-budgets',
        prefix: AUTHORITY_PREFIXES.budgets,
        expiredObjectDeleteMarker: true,
      },
      {
        // one for each run, every five minutes
        id: 'earlier-cursors-of-reconcile',
        prefix: AUTHORITY_PREFIXES.reconcile,
        noncurrentVersionExpiration: Duration.days(1),
      },
    ],
  });
}
