/** What the two buckets of the S3 contract have in common. */
import { Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { newPrivateBucket } from './private-bucket.ts';

export interface ContractBucketProps {
  readonly bucketName: string;
  readonly versioned: boolean;
  readonly lifecycleRules?: s3.LifecycleRule[];
  readonly accessLogs: s3.Bucket;
}

export function newContractBucket(
  scope: Construct,
  id: string,
  { bucketName, versioned, lifecycleRules = [], accessLogs }: ContractBucketProps,
): s3.Bucket {
  return newPrivateBucket(scope, id, {
    bucketName,
    versioned,
    // CDK's own types disagree under exactOptionalPropertyTypes: a Bucket is an IBucket.
    serverAccessLogsBucket: accessLogs as s3.IBucket,
    serverAccessLogsPrefix: `${id.toLowerCase()}/`,
    lifecycleRules: [
      ...lifecycleRules,
      {
        id: 'parts-of-uploads-that-were-never-finished',
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
  });
}

/**
 * Nobody writes what is there already, whatever other policies allow. It holds for PutObject, CopyObject and the end of
 * a multipart upload alike: all of them need s3:PutObject.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 */
export function denyUnconditionalPut(
  bucket: s3.Bucket,
  sid: string,
  patterns: readonly string[],
  conditionKeys: readonly string[] = ['s3:if-none-match'],
): void {
  deny(bucket, sid, ['s3:PutObject'], patterns, {
    // All keys in one block: denied only where none of the headers came.
    Null: Object.fromEntries(conditionKeys.map((key) => [key, 'true'])),
  });
}

export function deny(
  bucket: s3.Bucket,
  sid: string,
  actions: string[],
  patterns: readonly string[],
  conditions: Record<string, Record<string, string>> = {},
): void {
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid,
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions,
      resources: patterns.map((pattern) => bucket.arnForObjects(pattern)),
      conditions,
    }),
  );
}

/** Objects of a bucket, to be given to a principal. */
export function allowObjects(
  grantee: iam.IGrantable,
  bucket: s3.Bucket,
  actions: string[],
  patterns: readonly string[],
  conditions: Record<string, Record<string, string | string[]>> = {},
): void {
  const role = grantee.grantPrincipal;
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions,
      resources: patterns.map((pattern) => bucket.arnForObjects(pattern)),
      conditions,
    }),
  );
  if (Construct.isConstruct(role)) for (const p of patterns) acknowledgePrefix(role, bucket, p);
}

function acknowledgePrefix(role: Construct, bucket: s3.Bucket, pattern: string): void {
  const id = Stack.of(bucket).getLogicalId(bucket.node.defaultChild as s3.CfnBucket);
  // as cdk-nag writes references and policy variables
  const shown = pattern.replaceAll(/\$\{([^}]+)\}/g, '<$1>');
  acknowledge(role, {
    [`AwsSolutions-IAM5[Resource::<${id}.Arn>/${shown}]`]:
      'The names of the objects are not known beforehand; prefix (and suffix) are the narrowest that holds them all.',
  });
}

/**
 * Without prefixes, the whole bucket: then S3 answers 404 for an object that is not there, and 403 otherwise.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export function allowListing(
  grantee: iam.IGrantable,
  bucket: s3.Bucket,
  prefixes?: readonly string[],
  conditions: Record<string, Record<string, string | string[]>> = {},
): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new iam.PolicyStatement({
      actions: ['s3:ListBucket'],
      resources: [bucket.bucketArn],
      conditions: {
        ...conditions,
        ...(prefixes && { StringLike: { 's3:prefix': [...prefixes] } }),
      },
    }),
  );
}
