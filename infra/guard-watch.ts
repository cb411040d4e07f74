import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { QUEUE_ADMINISTRATION } from '../lib/access/services.ts';
import type { ServiceName } from '../lib/metric-names.ts';
import { acknowledge } from './acknowledge.ts';
import { KEY_IS_CONFIGURATION } from './cakeless-function.ts';
import { principalArns, rolePath } from './principal-arns.ts';

export interface GuardWatchProps {
  readonly namePrefix: string;
  /** The two buckets of the contract. */
  readonly bucketNames: readonly string[];
  readonly functions: readonly { readonly name: ServiceName }[];
  /** The functions trust a message because of who can send it. */
  readonly queues: readonly sqs.IQueue[];
  readonly logRetention: logs.RetentionDays;
  /** Key that encrypts the log. @default a key of AWS */
  readonly encryptionKey?: kms.IKey | undefined;
}

type Pattern = Readonly<Record<string, unknown>>;

/**
 * Logs each change of what keeps everyone but the functions from signing: policies and settings of buckets and queues,
 * functions, and roles; `watchKeys` adds the keys of a trust domain. An alarm on the log (`alarms.ts`) needs no function that could fail.
 *
 * The events come from CloudTrail: the account needs a trail that logs management events. Those of IAM are only in
 * us-east-1 (docs/deployment.md says how to forward them).
 */
export class GuardWatch extends Construct {
  readonly log: logs.LogGroup;

  constructor(scope: Construct, id: string, props: GuardWatchProps) {
    super(scope, id);
    const { region } = Stack.of(this);
    this.log = new logs.LogGroup(this, 'Log', {
      // EventBridge sends only to groups below this path. CloudTrail keeps the events: this copy goes with the stack.
      logGroupName: `/aws/events/${props.namePrefix}-guards-${region}`,
      retention: props.logRetention,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    if (!props.encryptionKey) acknowledge(this.log, { CKV_AWS_158: KEY_IS_CONFIGURATION });
    this.log.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'].map(
          (service) => new iam.ServicePrincipal(service),
        ),
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [this.log.logGroupArn],
      }),
    );
    this.#watch('Buckets', 'policies and settings of the buckets', 's3', {
      eventName: [
        { prefix: 'PutBucket' },
        { prefix: 'DeleteBucket' },
        'PutObjectLockConfiguration',
      ],
      requestParameters: { bucketName: [...props.bucketNames] },
    });
    this.#watch('Queues', 'policies and settings of the queues', 'sqs', {
      eventName: QUEUE_ADMINISTRATION.map((action) => action.replace('sqs:', '')),
      $or: [
        { requestParameters: { queueUrl: props.queues.map(({ queueUrl }) => queueUrl) } },
        { requestParameters: { sourceArn: props.queues.map(({ queueArn }) => queueArn) } },
        { requestParameters: { destinationArn: props.queues.map(({ queueArn }) => queueArn) } },
      ],
    });
    this.#watch('Functions', 'code and configuration of the functions', 'lambda', {
      // CloudTrail adds the version of the API to these names
      eventName: FUNCTION_CHANGES.map((prefix) => ({ prefix })),
      requestParameters: { functionName: [{ wildcard: `*${props.namePrefix}-*` }] },
    });
    // another function with such a role can do what the role can, and Lambda starts its sessions
    this.#watch('PassedRoles', 'functions that have a role of the functions', 'lambda', {
      eventName: [{ prefix: 'CreateFunction' }, { prefix: 'UpdateFunctionConfiguration' }],
      requestParameters: { role: this.#rolesOf(props) },
    });
    this.#watch('Roles', 'roles and their policies', 'iam', this.#changesOfRoles(props));
    this.#watch('Sessions', "sessions of the functions' roles", 'sts', this.#sessions(props));
  }

  /** @param arns of the keys of a trust domain */
  watchKeys(trustDomain: string, arns: readonly string[]): void {
    this.#watch(`Keys-${trustDomain}`, `keys of trust domain ${trustDomain}`, 'kms', {
      eventName: KEY_CHANGES,
      resources: { ARN: [...arns] },
    });
  }

  #changesOfRoles({ namePrefix }: GuardWatchProps): Pattern {
    // roles without a name of ours start with the name of the stack
    const names = [namePrefix, Stack.of(this).stackName].map((name) => ({ prefix: `${name}-` }));
    return {
      eventName: ROLE_CHANGES,
      $or: [
        { requestParameters: { path: [{ prefix: rolePath(namePrefix, '') }] } },
        { requestParameters: { roleName: names } },
      ],
    };
  }

  #rolesOf({ namePrefix, functions }: GuardWatchProps): string[] {
    return principalArns(
      this,
      namePrefix,
      functions.map(({ name }) => name),
    );
  }

  #sessions(props: GuardWatchProps): Pattern {
    return {
      eventName: ['AssumeRole'],
      requestParameters: { roleArn: this.#rolesOf(props) },
      $or: [
        { userIdentity: { invokedBy: [{ exists: false }] } },
        { userIdentity: { invokedBy: [{ 'anything-but': ['lambda.amazonaws.com'] }] } },
      ],
    };
  }

  #watch(id: string, what: string, service: string, detail: Pattern): void {
    const rule = new events.CfnRule(this, id, {
      description: `Cakeless: changes of ${what}`,
      // AssumeRole is a read-only call, which rules in the state ENABLED do not get
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      eventPattern: {
        source: [`aws.${service}`],
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: { eventSource: [`${service}.amazonaws.com`], ...detail },
      },
      targets: [{ id: 'Log', arn: this.#logArn() }],
    });
    acknowledge(rule, {
      'Serverless-EventBusDLQ':
        'EventBridge retries for 24 hours, and the trail keeps the event anyway: the log is a copy for the alarm.',
    });
  }

  /** EventBridge requires it without the trailing `:*`. */
  #logArn(): string {
    return Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: this.log.logGroupName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}

const FUNCTION_CHANGES = [
  'UpdateFunction',
  'DeleteFunction',
  'PutFunction',
  'PutRuntimeManagementConfig',
  'AddPermission',
  'RemovePermission',
  'CreateEventSourceMapping',
  'UpdateEventSourceMapping',
  'CreateFunctionUrlConfig',
];

const ROLE_CHANGES = [
  'CreateRole',
  'DeleteRole',
  'UpdateAssumeRolePolicy',
  'TagRole', // tags of a role that nodes share name the node
  'AddRoleToInstanceProfile',
  'PutRolePolicy',
  'DeleteRolePolicy',
  'AttachRolePolicy',
  'DetachRolePolicy',
  'PutRolePermissionsBoundary',
  'DeleteRolePermissionsBoundary',
];

const KEY_CHANGES = [
  'PutKeyPolicy',
  'CreateGrant',
  'DisableKey',
  'EnableKey',
  'ScheduleKeyDeletion',
  'CancelKeyDeletion',
  'ReplicateKey',
  'UpdatePrimaryRegion',
  // what the key of an existing cluster is imported with: nobody should after its adoption
  'GetParametersForImport',
  'ImportKeyMaterial',
  'DeleteImportedKeyMaterial',
];
