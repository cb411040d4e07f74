import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  allowListing,
  allowObjects,
  deny,
  denyUnconditionalPut,
  newContractBucket,
} from './contract-bucket.ts';

export interface AuthorityBucketProps {
  readonly bucketName: string;
  readonly accessLogs: s3.Bucket;
}

/** What was decided or claimed once. A change would be a second serial number, or a key of two CAs. */
const WRITTEN_ONCE = ['records/*', 'ca-records/*', 'ca-keys/*', 'approvals/requests/*'];

/** The bucket that nodes never reach. It keeps every version of everything, for good. */
export class AuthorityBucket extends Construct {
  readonly bucket: s3.Bucket;
  /** As a text and not as a reference, for what has to be there before the bucket. */
  readonly bucketName: string;

  constructor(scope: Construct, id: string, props: AuthorityBucketProps) {
    super(scope, id);
    this.bucketName = props.bucketName;
    this.bucket = newContractBucket(this, 'Authority', { ...props, versioned: true });
    denyUnconditionalPut(this.bucket, 'DecisionsAreWrittenOnce', [...WRITTEN_ONCE, 'expiry/*']);
    // A delete marker hides a record, and the next wake-up would decide anew under another serial number.
    deny(
      this.bucket,
      'DecisionsStay',
      ['s3:DeleteObject'],
      [...WRITTEN_ONCE, 'trust/*', 'approvals/standing/*'],
    );
    deny(
      this.bucket,
      'VersionsStay',
      ['s3:DeleteObjectVersion'],
      [...WRITTEN_ONCE, 'trust/*', 'clusters/*', 'approvals/standing/*'],
    );
  }

  /** What the sign function does here: reads what to judge by, and keeps the ledger and the expiry index. */
  grantIssuing(grantee: iam.IGrantable): void {
    allowListing(grantee, this.bucket);
    allowObjects(
      grantee,
      this.bucket,
      ['s3:GetObject'],
      ['clusters/*', 'trust/*', 'records/*', 'approvals/*'],
    );
    allowObjects(grantee, this.bucket, ['s3:PutObject'], ['records/*', 'expiry/*']);
  }

  /** What the create-ca function does here. */
  grantCreatingCas(grantee: iam.IGrantable): void {
    const own = ['trust/*', 'ca-records/*', 'ca-keys/*'];
    allowListing(grantee, this.bucket);
    allowObjects(grantee, this.bucket, ['s3:GetObject', 's3:PutObject'], own);
  }

  /** What the reconcile function does here: it lists ledger, approvals and expiry index, and reads who needs what. */
  grantLookingForUnfinished(grantee: iam.IGrantable): void {
    allowListing(grantee, this.bucket);
    allowObjects(grantee, this.bucket, ['s3:GetObject'], ['trust/*', 'clusters/*']);
  }

  /** What the watch-signatures function does here: it looks for the record of each signature. */
  grantAuditing(grantee: iam.IGrantable): void {
    allowListing(grantee, this.bucket);
    allowObjects(
      grantee,
      this.bucket,
      ['s3:GetObject'],
      ['records/*', 'ca-records/*', 'ca-keys/*', 'trust/*'],
    );
  }

  /** Cluster records are the operators' word. */
  grantClusterRecords(grantee: iam.IGrantable): void {
    allowObjects(grantee, this.bucket, ['s3:PutObject'], ['clusters/*']);
  }

  /** Approvals are the approvers' word. */
  grantApproving(grantee: iam.IGrantable): void {
    allowObjects(
      grantee,
      this.bucket,
      ['s3:PutObject'],
      ['approvals/requests/*', 'approvals/standing/*'],
    );
  }

  /** For people: everything with its versions, and nothing to write. */
  grantReading(grantee: iam.IGrantable): void {
    allowListing(grantee, this.bucket);
    allowObjects(
      grantee,
      this.bucket,
      ['s3:GetObject', 's3:GetObjectVersion'],
      [...WRITTEN_ONCE, 'approvals/standing/*', 'clusters/*', 'trust/*', 'expiry/*'],
    );
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['s3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
      }),
    );
  }
}
