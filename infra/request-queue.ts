import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export interface RequestQueueProps {
  /** Timeout of the function that reads the queue. */
  readonly functionTimeout: Duration;
}

/** A bucket that sends its events to the queue. */
export interface EventBucket {
  readonly bucket: s3.Bucket;
  readonly bucketName: string;
}

/** The maximum time for which SQS keeps messages. */
const DEAD_LETTER_RETENTION = Duration.days(14);

/**
 * Five attempts, three minutes apart, outlast transient faults. After that reconcile still queues the request again
 * every few minutes: the dead letter is only a notification, and blocks nothing.
 */
const MAX_RECEIVE_COUNT = 5;

/** The queue between the events of the buckets and the sign function. */
export class RequestQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, { functionTimeout }: RequestQueueProps) {
    super(scope, id);
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: DEAD_LETTER_RETENTION,
    });
    acknowledge(this.deadLetters, {
      'Serverless-SQSRedrivePolicy': 'This is the dead-letter queue.',
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
   * Makes S3 send an event for every write under a prefix. It is set on the bucket directly: CDK's addEventNotification
   * would add a function that may change every bucket of the account.
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
          filter: { s3Key: { rules: [{ name: 'prefix', value: prefix }] } },
        },
      ],
    };
    // S3 sends a test event before it accepts the configuration.
    const policy = this.queue.node.tryFindChild('Policy');
    if (policy) resource.node.addDependency(policy);
  }

  /**
   * @param maxConcurrency concurrent runs of the function, 2 or more; it limits the rate of calls to KMS, and needs no
   * reserved concurrency
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
        'The queue has a dead-letter queue; failure destinations of a mapping are for streams, not for SQS.',
    });
  }
}
