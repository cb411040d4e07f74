import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import type { EventSource } from '../functions/event-sources.ts';
import {
  messageReservations,
  QUEUE_ADMINISTRATION,
  type QueueResource,
} from '../lib/access/services.ts';
import { acknowledge } from './acknowledge.ts';
import { type Guardians, principalArns } from './principal-arns.ts';

export interface QueuesProps {
  readonly namePrefix: string;
  readonly guardians: Guardians;
  /** Timeouts of the functions that read the queues. */
  readonly triageTimeout: Duration;
  readonly signTimeout: Duration;
  /** Names of the buckets that report to the upload queue. */
  readonly reportingBuckets: readonly string[];
}

/** The maximum time for which SQS keeps messages. */
const DEAD_LETTER_RETENTION = Duration.days(14);

/**
 * Five attempts, three minutes apart, outlast transient faults. After that reconcile still queues the request again
 * every few minutes: the dead letter is only a notification, and blocks nothing.
 */
const MAX_RECEIVE_COUNT = 5;

/**
 * The queues between the events of the buckets and the sign function. The functions trust a message because of who can
 * send it: the policies let nobody else send, whatever other policies allow.
 */
export class Queues extends Construct {
  readonly uploads: sqs.Queue;
  readonly requests: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: QueuesProps) {
    super(scope, id);
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: DEAD_LETTER_RETENTION,
    });
    acknowledge(this.deadLetters, {
      'Serverless-SQSRedrivePolicy': 'This is the dead-letter queue.',
    });
    this.uploads = this.#newQueue('Uploads', props.triageTimeout);
    this.requests = this.#newQueue('Requests', props.signTimeout);
    this.#takeEvents(props.reportingBuckets);
    for (const [resource, queue] of this.#byResource()) {
      this.#guard(resource, queue, props);
      acknowledge(queue, {
        CKV_AWS_27:
          'SQS encrypts it with its own key (SqsManagedSseEnabled), which this rule does not know. Messages contain names of objects only.',
      });
    }
  }

  queueOf(resource: QueueResource): sqs.Queue {
    return Object.fromEntries(this.#byResource())[resource] as sqs.Queue;
  }

  #byResource(): [QueueResource, sqs.Queue][] {
    return [
      ['upload queue', this.uploads],
      ['request queue', this.requests],
      ['dead-letter queue', this.deadLetters],
    ];
  }

  #newQueue(id: string, functionTimeout: Duration): sqs.Queue {
    return new sqs.Queue(this, id, {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * functionTimeout.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
      // By default any queue of the account may name this one as its dead-letter queue, and SQS then moves messages here
      // that anybody has sent there: the policy about sending does not apply to that.
      redriveAllowPolicy: { redrivePermission: sqs.RedrivePermission.DENY_ALL },
    });
  }

  /** S3 may send, for these buckets of this account. */
  #takeEvents(bucketNames: readonly string[]): void {
    const { account } = Stack.of(this);
    const buckets = bucketNames.map((name) => bucketArn(this, name));
    this.uploads.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'EventsOfBuckets',
        principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.uploads.queueArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': account },
          ArnEquals: { 'aws:SourceArn': buckets },
        },
      }),
    );
    // Only AWS services send these keys. Both conditions are negated, so everyone else is denied.
    for (const [sid, conditions] of Object.entries({
      NothingButEvents: { ArnNotEquals: { 'aws:SourceArn': buckets } },
      NothingOfOtherAccounts: { StringNotEquals: { 'aws:SourceAccount': account } },
    }))
      this.#deny(this.uploads, sid, ['sqs:SendMessage'], conditions);
  }

  #guard(
    resource: QueueResource,
    queue: sqs.Queue,
    { namePrefix, guardians }: Pick<QueuesProps, 'namePrefix' | 'guardians'>,
  ): void {
    for (const { actions, by } of messageReservations(resource)) {
      // `takeEvents` says who sends to it
      const denied = actions.filter((one) => queue !== this.uploads || one !== 'sqs:SendMessage');
      const name = by.map((one) => one.replaceAll(/[^a-z]/g, '')).join('And') || 'nobody';
      const arns = principalArns(this, namePrefix, by);
      const others = arns.length > 0 ? { ArnNotLike: { 'aws:PrincipalArn': arns } } : {};
      this.#deny(queue, `OnlyFor${name}`, denied, others);
    }
    const { deployers, breakGlass } = guardians;
    this.#deny(queue, 'Administration', QUEUE_ADMINISTRATION, {
      ArnNotLike: { 'aws:PrincipalArn': [...deployers, ...breakGlass] },
    });
  }

  #deny(
    queue: sqs.Queue,
    sid: string,
    actions: readonly string[],
    conditions: Record<string, Record<string, string | string[]>>,
  ): void {
    queue.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: [...actions],
        resources: [queue.queueArn],
        conditions,
      }),
    );
  }
}

/** Of a bucket by its name, for what must exist before the bucket. */
export function bucketArn(scope: IConstruct, name: string): string {
  return Stack.of(scope).formatArn({
    service: 's3',
    region: '',
    account: '',
    resource: name,
    arnFormat: ArnFormat.NO_RESOURCE_NAME,
  });
}

/**
 * Makes a function process the messages of a queue.
 * @param maxConcurrency concurrent runs of the function, 2 or more; it needs no reserved concurrency
 */
export function feed(
  queue: sqs.Queue,
  target: lambda.Function,
  source: EventSource,
  maxConcurrency: number = source.maxConcurrency,
): void {
  const { batchSize } = source;
  target.addEventSource(
    new SqsEventSource(queue, {
      batchSize,
      maxConcurrency,
      reportBatchItemFailures: true,
    }),
  );
  acknowledge(target, {
    'Serverless-LambdaEventSourceMappingDestination':
      'The queue has a dead-letter queue; failure destinations of a mapping are for streams, not for SQS.',
  });
}
