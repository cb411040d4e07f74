/** What a principal may do in a bucket, as statements of its role (lib/access). */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  type BucketGrant,
  bucketGrants,
  type ListGrant,
  type ObjectGrant,
  S3_ACTIONS,
} from '../lib/access/grants.ts';
import { type Caller, placeOf } from '../lib/access/principals.ts';
import type { Bucket } from '../lib/contract/prefixes.ts';
import { acknowledge } from './acknowledge.ts';

export type Conditions = Record<string, Record<string, string | string[]>>;

/**
 * @param buckets as constructs, or imported by name for a role that must exist before its bucket
 * @param conditions added to every statement: what identifies a session as the caller
 */
export function grantObjects(
  grantee: iam.IGrantable,
  caller: Caller,
  buckets: Readonly<Record<Bucket, s3.IBucket>>,
  conditions: Conditions,
): void {
  const names: readonly Bucket[] = ['exchange', 'authority'];
  for (const grant of names.flatMap((name) => bucketGrants(caller, name))) {
    const bucket = buckets[grant.bucket];
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: [S3_ACTIONS[grant.verb]],
        resources: resourcesOf(grant, bucket),
        conditions: { ...conditions, ...conditionsOf(grant, caller, conditions) },
      }),
    );
    if (isObjectGrant(grant)) acknowledgePatterns(grantee, bucket, grant.keys);
  }
}

function resourcesOf(grant: BucketGrant, bucket: s3.IBucket): string[] {
  if (!isObjectGrant(grant)) return [bucket.bucketArn];
  return grant.keys.map((pattern) => bucket.arnForObjects(pattern));
}

/**
 * The bucket policy requires the condition for every put. The roles of nodes and users repeat it, so that a changed
 * bucket policy does not let them replace a request.
 */
function conditionsOf(grant: BucketGrant, caller: Caller, others: Conditions): Conditions {
  if (!isObjectGrant(grant))
    return grant.prefixes ? { StringLike: { 's3:prefix': [...grant.prefixes] } } : {};
  if (grant.condition !== 'new' || placeOf(caller) === undefined) return {};
  return { StringEquals: { ...others.StringEquals, 's3:if-none-match': '*' } };
}

const isObjectGrant = (grant: ObjectGrant | ListGrant): grant is ObjectGrant => 'keys' in grant;

function acknowledgePatterns(
  { grantPrincipal: role }: iam.IGrantable,
  bucket: s3.IBucket,
  patterns: readonly string[],
): void {
  if (!Construct.isConstruct(role)) return;
  for (const pattern of patterns) {
    // as cdk-nag writes references and policy variables
    const shown = pattern.replaceAll(/\$\{([^}]+)\}/g, '<$1>');
    acknowledge(role, {
      [`AwsSolutions-IAM5[Resource::${shownArn(bucket)}/${shown}]`]:
        'The names of the objects are not known in advance; prefix and suffix are as narrow as they can be.',
    });
  }
}

function shownArn(bucket: s3.IBucket): string {
  const stack = Stack.of(bucket);
  const resource = bucket.node.defaultChild as s3.CfnBucket | undefined;
  if (resource) return `<${stack.getLogicalId(resource)}.Arn>`;
  const arn: string | { 'Fn::Join': [string, (string | { Ref: string })[]] } = stack.resolve(
    bucket.bucketArn,
  );
  if (typeof arn === 'string') return arn;
  return arn['Fn::Join'][1]
    .map((part) => (typeof part === 'string' ? part : `<${part.Ref}>`))
    .join('');
}
