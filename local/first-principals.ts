import type { PrincipalPlan, Statement } from './principals.ts';

/** The two buckets of the S3 contract. */
export interface ContractBuckets {
  readonly exchange: string;
  readonly authority: string;
}

const readAndList = ['s3:GetObject', 's3:GetObjectVersion', 's3:ListBucket'];

/** The principals that are there from the first start on; nodes come with their cluster record. */
export function firstPrincipals(
  buckets: ContractBuckets,
  service: readonly Statement[] = serviceStatements(buckets),
): PrincipalPlan[] {
  const everything = [...objects(buckets.authority, ['']), ...objects(buckets.exchange, [''])];
  return [
    {
      name: 'administrator',
      kind: 'user',
      description: 'May do everything; for setting up and for looking on.',
      statements: [{ actions: ['*'], resources: ['*'] }],
    },
    {
      name: 'service',
      kind: 'role',
      description: 'What the functions use.',
      statements: service,
    },
    {
      name: 'approver',
      kind: 'role',
      description: 'Reads requests, certificates and records; writes approvals and nothing else.',
      statements: [
        {
          actions: readAndList,
          resources: [
            ...objects(buckets.authority, ['clusters/', 'trust/', 'records/', 'approvals/']),
            ...objects(buckets.exchange, ['certificates/', 'requests/', 'trust/']),
          ],
        },
        {
          // a decision on a request stands; a standing approval may be changed
          actions: ['s3:PutObject'],
          resources: objects(buckets.authority, ['approvals/requests/']),
          ifNoneMatchRequired: true,
        },
        {
          actions: ['s3:PutObject'],
          resources: objects(buckets.authority, ['approvals/standing/']),
        },
      ],
    },
    {
      name: 'auditor',
      kind: 'role',
      description: 'Reads everything, writes nothing.',
      statements: [{ actions: [...readAndList, 's3:ListBucketVersions'], resources: everything }],
    },
  ];
}

/**
 * The functions read everything of both buckets, publish to exchange, keep their books in authority, and use
 * the keys. They write neither cluster records nor approvals: those are other people's word.
 */
function serviceStatements({ exchange, authority }: ContractBuckets): Statement[] {
  return [
    { actions: readAndList, resources: [...objects(exchange, ['']), ...objects(authority, [''])] },
    {
      actions: ['s3:PutObject', 's3:DeleteObject'],
      resources: objects(exchange, ['certificates/', 'trust/']),
    },
    {
      actions: ['s3:PutObject', 's3:DeleteObject'],
      resources: objects(authority, ['records/', 'trust/', 'inventory/', 'expiry/', 'indexes/']),
    },
    {
      actions: ['kms:Sign', 'kms:Verify', 'kms:GetPublicKey', 'kms:DescribeKey'],
      resources: ['arn:aws:kms:*'],
    },
    {
      actions: ['sqs:SendMessage', 'sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
      resources: ['arn:aws:sqs:*'],
    },
  ];
}

function objects(bucket: string, prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => `arn:aws:s3:::${bucket}/${prefix}*`);
}
