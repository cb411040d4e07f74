import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { bucketDenials, type Denial, S3_ACTIONS } from '../lib/access/grants.ts';
import type { Bucket } from '../lib/contract/prefixes.ts';
import { PrivateBucket } from './private-bucket.ts';

export interface ContractBucketProps {
  /** Which of the two buckets of the S3 contract it is. */
  readonly contract: Bucket;
  readonly bucketName: string;
  readonly versioned: boolean;
  /** @default objects stay */
  readonly lifecycleRules?: s3.LifecycleRule[];
  readonly accessLogs: s3.Bucket;
}

/** A bucket of the S3 contract. Its policy denies what nobody may do according to `lib/access/objects.ts`. */
export class ContractBucket extends PrivateBucket {
  constructor(
    scope: Construct,
    id: string,
    { contract, bucketName, versioned, lifecycleRules = [], accessLogs }: ContractBucketProps,
  ) {
    const props = {
      bucketName,
      versioned,
      // CDK's own types disagree under exactOptionalPropertyTypes: a Bucket is an IBucket.
      serverAccessLogsBucket: accessLogs as s3.IBucket,
      serverAccessLogsPrefix: `${contract}/`,
      lifecycleRules: [
        ...lifecycleRules,
        {
          id: 'parts-of-uploads-that-were-never-finished',
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
    };
    super(scope, id, props, id);
    for (const denial of bucketDenials(contract)) deny(this.bucket, denial);
  }
}

/**
 * Denying a put also denies CopyObject and the completion of a multipart upload, because both need s3:PutObject. All
 * condition keys are in one block, so a put is denied only if it has none of the headers.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 */
function deny(bucket: s3.Bucket, { verb, keys, unless }: Denial): void {
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: sidOf(verb, unless),
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: [S3_ACTIONS[verb]],
      resources: keys.map((pattern) => bucket.arnForObjects(pattern)),
      conditions: unless === undefined ? {} : { Null: HEADERS_MISSING[unless] },
    }),
  );
}

const HEADERS_MISSING = {
  new: { 's3:if-none-match': 'true' },
  compared: { 's3:if-none-match': 'true', 's3:if-match': 'true' },
};

function sidOf(verb: Denial['verb'], unless: Denial['unless']): string {
  if (verb === 'delete') return 'ObjectsStay';
  if (verb === 'delete-version') return 'VersionsStay';
  return unless === 'compared' ? 'WrittenByComparing' : 'WrittenOnce';
}
