import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import {
  bucketDenials,
  bucketReservations,
  type Denial,
  ORDINARY_ACTIONS,
  type Reservation,
  S3_ACTIONS,
} from '../lib/access/grants.ts';
import type { Principal } from '../lib/access/principals.ts';
import type { Bucket } from '../lib/contract/prefixes.ts';
import { type Guardians, principalArns } from './principal-arns.ts';
import { PrivateBucket } from './private-bucket.ts';

export interface ContractBucketProps {
  /** Which of the two buckets of the S3 contract it is. */
  readonly contract: Bucket;
  readonly bucketName: string;
  readonly versioned: boolean;
  /** @default objects stay */
  readonly lifecycleRules?: s3.LifecycleRule[];
  readonly accessLogs: s3.Bucket;
  readonly namePrefix: string;
  readonly guardians: Guardians;
}

/**
 * A bucket of the S3 contract. Its policy denies what nobody may do according to `lib/access/objects.ts`, and denies
 * everything that changes objects to everyone except the principals named there. The functions trust an object because
 * of who can write it, so permission to write to every bucket of the account must not be enough.
 */
export class ContractBucket extends PrivateBucket {
  constructor(
    scope: Construct,
    id: string,
    { contract, versioned, lifecycleRules = [], accessLogs, ...props }: ContractBucketProps,
  ) {
    const bucketProps = {
      bucketName: props.bucketName,
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
    super(scope, id, bucketProps, id);
    for (const denial of bucketDenials(contract)) this.#deny(denial);
    for (const reservation of bucketReservations(contract)) this.#reserve(reservation, props);
    this.#reserveEverythingElse(props.guardians);
    for (const [sid, conditions] of Object.entries(UNUSUAL_PUTS))
      this.#add({ sid, actions: [S3_ACTIONS.put], resources: this.#arnsOf(['*']), conditions });
  }

  /**
   * Denying a put also denies CopyObject and the completion of a multipart upload, because both need s3:PutObject. All
   * condition keys are in one block, so a put is denied only if it has none of the headers.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
   */
  #deny({ verb, keys, unless }: Denial): void {
    this.#add({
      sid: sidOf(verb, unless),
      actions: [S3_ACTIONS[verb]],
      resources: this.#arnsOf(keys),
      conditions: unless === undefined ? {} : { Null: HEADERS_MISSING[unless] },
    });
  }

  /** A request without `aws:PrincipalArn`, by AWS itself or by nobody, is denied too: the condition is negated. */
  #reserve(
    { verb, by, breakGlass, keys, everyOtherKey }: Reservation,
    { namePrefix, guardians }: Pick<ContractBucketProps, 'namePrefix' | 'guardians'>,
  ): void {
    const arns = [
      ...principalArns(this, namePrefix, by),
      ...(breakGlass ? guardians.breakGlass : []),
    ];
    const named = this.#arnsOf(keys);
    this.#add({
      sid: reservationSid(verb, by, everyOtherKey),
      actions: [S3_ACTIONS[verb]],
      ...(everyOtherKey && named.length > 0
        ? { notResources: named }
        : { resources: everyOtherKey ? this.#arnsOf(['*']) : named }),
      conditions: arns.length > 0 ? { ArnNotLike: { 'aws:PrincipalArn': arns } } : {},
    });
  }

  /** A deployment changes the bucket, and never an object: replication, restoring, ACLs and locks are for nobody. */
  #reserveEverythingElse({ deployers, breakGlass }: Guardians): void {
    const notActions = [...ORDINARY_ACTIONS];
    this.#add({ sid: 'NothingElseOfObjects', notActions, resources: this.#arnsOf(['*']) });
    this.#add({
      sid: 'NothingElseOfTheBucket',
      notActions,
      resources: [this.bucket.bucketArn],
      conditions: { ArnNotLike: { 'aws:PrincipalArn': [...deployers, ...breakGlass] } },
    });
  }

  #arnsOf(patterns: readonly string[]): string[] {
    return patterns.map((pattern) => this.bucket.arnForObjects(pattern));
  }

  #add(statement: iam.PolicyStatementProps): void {
    this.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        ...statement,
      }),
    );
  }
}

const HEADERS_MISSING = {
  new: { 's3:if-none-match': 'true' },
  compared: { 's3:if-none-match': 'true', 's3:if-match': 'true' },
};

/**
 * Options of a put that would make an object unreadable for the functions, or for everyone: an archive, and keys that
 * the writer chooses. ACLs, tags and locks need other permissions, which `NothingElseOfObjects` denies.
 */
const UNUSUAL_PUTS = {
  StandardStorage: {
    Null: { 's3:x-amz-storage-class': 'false' },
    StringNotEquals: { 's3:x-amz-storage-class': 'STANDARD' },
  },
  EncryptionByS3: {
    Null: { 's3:x-amz-server-side-encryption': 'false' },
    StringNotEquals: { 's3:x-amz-server-side-encryption': 'AES256' },
  },
  NoKmsKey: { Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'false' } },
  NoKeyOfTheCustomer: {
    Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' },
  },
};

function sidOf(verb: Denial['verb'], unless: Denial['unless']): string {
  if (verb === 'delete') return 'ObjectsStay';
  if (verb === 'delete-version') return 'VersionsStay';
  return unless === 'compared' ? 'WrittenByComparing' : 'WrittenOnce';
}

const DONE = { put: 'Written', delete: 'Deleted', 'delete-version': 'VersionsDeleted' };

/** A Sid has letters and digits only: `WrittenByCreateCa`. */
function reservationSid(
  verb: Reservation['verb'],
  by: readonly Principal[],
  everyOtherKey: true | undefined,
): string {
  if (everyOtherKey) return `NothingElse${DONE[verb]}`;
  const names = by.map((one) =>
    one.replaceAll(/(?:^|-)[a-z]/g, (start) => start.slice(-1).toUpperCase()),
  );
  return `${DONE[verb]}By${names.join('')}`;
}
