import { Duration } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  allowListing,
  allowObjects,
  denyUnconditionalPut,
  newContractBucket,
} from './contract-bucket.ts';

export interface ExchangeBucketProps {
  readonly bucketName: string;
  readonly accessLogs: s3.Bucket;
  /** Requests and their outcomes go after this time. */
  readonly expiration: Duration;
}

/** Whose part of the bucket: names, or IAM policy variables that stand for them. */
export interface Place {
  readonly cluster: string;
  /** A node, or `users`. */
  readonly node: string;
}

type Conditions = Record<string, Record<string, string | string[]>>;

/**
 * The bucket that nodes reach. It keeps no versions: a private key that is taken out has to be gone, and a version
 * would keep it (docs/decisions/0012-buckets.md).
 */
export class ExchangeBucket extends Construct {
  readonly bucket: s3.Bucket;
  /** As a text and not as a reference, for what has to be there before the bucket. */
  readonly bucketName: string;

  constructor(scope: Construct, id: string, props: ExchangeBucketProps) {
    super(scope, id);
    this.bucketName = props.bucketName;
    this.bucket = newContractBucket(this, 'Exchange', {
      bucketName: props.bucketName,
      versioned: false,
      accessLogs: props.accessLogs,
      lifecycleRules: [
        { id: 'requests', prefix: 'requests/', expiration: props.expiration },
        {
          // A day later: a request whose outcome is gone already would be taken up again by reconcile.
          id: 'certificates',
          prefix: 'certificates/',
          expiration: Duration.days(props.expiration.toDays() + 1),
        },
      ],
    });
    denyUnconditionalPut(this.bucket, 'RequestsAreWrittenOnce', ['requests/*']);
    // pending.json is not among them: it is replaced where the cluster record changed (lib/issuance/pending.ts).
    denyUnconditionalPut(this.bucket, 'OutcomesAreWrittenOnce', [
      'certificates/*.crt',
      'certificates/*.rejected.json',
    ]);
    denyUnconditionalPut(
      this.bucket,
      'LeasesAreTakenByComparing',
      ['leases/*'],
      ['s3:if-none-match', 's3:if-match'],
    );
  }

  /** What the sign function does here. */
  grantIssuing(grantee: iam.IGrantable): void {
    allowListing(grantee, this.bucket);
    allowObjects(grantee, this.bucket, ['s3:GetObject'], ['requests/*', 'certificates/*']);
    allowObjects(
      grantee,
      this.bucket,
      ['s3:PutObject'],
      ['certificates/*.crt', 'certificates/*.rejected.json', 'certificates/*.pending.json'],
    );
    // pending.json gives way to the outcome; an object that holds a private key is taken out at once.
    allowObjects(
      grantee,
      this.bucket,
      ['s3:DeleteObject'],
      ['certificates/*.pending.json', 'requests/*'],
    );
  }

  /** What the create-ca function does here. */
  grantPublishingTrust(grantee: iam.IGrantable): void {
    allowObjects(grantee, this.bucket, ['s3:PutObject'], ['trust/*']);
  }

  /** What the reconcile function does here: requests without outcome show in the listings; it reads no object. */
  grantLookingForUnfinished(grantee: iam.IGrantable): void {
    allowListing(grantee, this.bucket);
  }

  /** A node's, or a user's, own part: requests that are new, their outcomes, and what to trust. */
  grantRequesting(
    grantee: iam.IGrantable,
    { cluster, node }: Place,
    conditions: Conditions = {},
  ): void {
    const [requests, certificates] = [
      `requests/${cluster}/${node}/*`,
      `certificates/${cluster}/${node}/*`,
    ];
    allowObjects(grantee, this.bucket, ['s3:PutObject'], [requests], {
      ...conditions,
      StringEquals: { ...conditions.StringEquals, 's3:if-none-match': '*' },
    });
    allowObjects(grantee, this.bucket, ['s3:GetObject'], [requests, certificates], conditions);
    allowObjects(grantee, this.bucket, ['s3:GetObject'], ['trust/*'], conditions);
    allowListing(grantee, this.bucket, [requests, certificates], conditions);
  }

  /** The lease that keeps the nodes of a cluster from restarting at the same time. */
  grantLease(grantee: iam.IGrantable, cluster: string, conditions: Conditions = {}): void {
    const lease = `leases/${cluster}.json`;
    allowObjects(grantee, this.bucket, ['s3:GetObject', 's3:PutObject'], [lease], conditions);
    allowListing(grantee, this.bucket, [lease], conditions);
  }

  /** For people: everything, and nothing to write. */
  grantReading(grantee: iam.IGrantable): void {
    allowListing(grantee, this.bucket);
    allowObjects(
      grantee,
      this.bucket,
      ['s3:GetObject'],
      ['requests/*', 'certificates/*', 'trust/*', 'leases/*'],
    );
  }
}
