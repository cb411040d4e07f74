import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export interface RequestQueueProps {
  /** Of the function that reads the queue. */
  readonly functionTimeout: Duration;
}

/** A bucket whose events come here. */
export interface EventBucket {
  readonly bucket: s3.Bucket;
  readonly bucketName: string;
}

/** SQS keeps messages for 14 days at most. */
const DEAD_LETTERS_STAY = Duration.days(14);

/**
 * Five tries, three minutes apart, outlast what passes by itself. After that the reconcile function still queues the
 * request again every few minutes, so the dead letter tells a person and stops nothing.
 */
const MAX_RECEIVE_COUNT = 5;

/** The way from the buckets' events to the sign function. */
export class RequestQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { functionTimeout }: RequestQueueProps) {
    super(scope, id);
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: DEAD_LETTERS_STAY,
    });
    acknowledge(this.deadLetters, {
      'Serverless-SQSRedrivePolicy': 'This is the queue of the dead letters itself.',
    });
    this.queue = new sqs.Queue(this, 'Requests', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * functionTimeout.toSeconds()),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
  }

  /**
   * S3 sends an event here for every object that is written under a prefix. Set on the bucket itself: CDK's
   * addEventNotification would bring a function of its own that may change every bucket of the account.
   */
  takeEvents({ bucket, bucketName }: EventBucket, prefix: string): void {
    const stack = Stack.of(this);
    this.queue.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `EventsOf${bucket.node.id}`,
        principals: [new iam.ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnEquals: {
            'aws:SourceArn': stack.formatArn({
              service: 's3',
              region: '',
              account: '',
              resource: bucketName,
              arnFormat: ArnFormat.NO_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: [
        {
          event: 's3:ObjectCreated:*',
          queue: this.queue.queueArn,
          // Any suffix: private keys come under other names than .csr, and must go.
          filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } },
        },
      ],
    };
    // S3 sends a test event before it takes the configuration.
    const policy = this.queue.node.tryFindChild('Policy');
    if (policy) resource.node.addDependency(policy);
  }

  /**
   * @param maxConcurrency runs of the function at a time, 2 or more; it keeps KMS from being asked too often, and needs
   * no reservation of the account's concurrency
   */
  feed(target: lambda.Function, maxConcurrency: number): void {
    target.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 10,
        maxConcurrency,
        reportBatchItemFailures: true,
      }),
    );
    acknowledge(target, {
      'Serverless-LambdaEventSourceMappingDestination':
        'The queue has a dead-letter queue; destinations of a mapping are for streams, and SQS has none.',
    });
  }
}
