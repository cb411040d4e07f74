import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FUNCTION_ROLE_FOLDER } from '../lib/access/principals.ts';
import type { ServiceName } from '../lib/metric-names.ts';
import { acknowledge } from './acknowledge.ts';
import { functionRoleName, rolePath } from './principal-arns.ts';

export interface CakelessFunctionProps {
  readonly name: ServiceName;
  readonly namePrefix: string;
  readonly description: string;
  /** Folder with one folder for each function, as `npm run build` creates it. */
  readonly codeDir: string;
  readonly environment: Record<string, string>;
  readonly timeout: Duration;
  readonly memoryMb: number;
  readonly logRetention: logs.RetentionDays;
  /** Key that encrypts logs and environment. @default keys of AWS */
  readonly encryptionKey?: kms.IKey | undefined;
  /**
   * Concurrency to reserve. A new AWS account has 10 concurrent executions in total, and 100 must stay unreserved, so a
   * reservation fails there. @default none
   * https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
   */
  readonly reservedConcurrency?: number | undefined;
}

/** A function with its own role and log group. `CakelessService` grants the role its other permissions. */
export class CakelessFunction extends Construct implements iam.IGrantable {
  readonly name: ServiceName;
  readonly function: lambda.Function;
  readonly role: iam.Role;
  readonly logGroup: logs.LogGroup;
  readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, props: CakelessFunctionProps) {
    super(scope, id);
    this.name = props.name;
    const functionName = `${props.namePrefix}-${props.name}`;
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention,
      ...(props.encryptionKey && { encryptionKey: props.encryptionKey }),
      // They show who requested what: they expire, but are not deleted with the stack.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    this.role = new iam.Role(this, 'Role', {
      // A fixed name, because the policies of keys, buckets and queues name it.
      roleName: functionRoleName(this, props.namePrefix, props.name),
      path: rolePath(props.namePrefix, FUNCTION_ROLE_FOLDER),
      description: `Cakeless: ${props.description}`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    this.grantPrincipal = this.role;
    this.logGroup.grantWrite(this.role);
    this.function = new lambda.Function(this, 'Function', {
      functionName,
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'index.handler',
      code: lambda.Code.fromAsset(join(props.codeDir, props.name)),
      role: this.role,
      logGroup: this.logGroup,
      environment: { POWERTOOLS_LOG_LEVEL: 'INFO', ...props.environment },
      ...(props.encryptionKey && { environmentEncryption: props.encryptionKey }),
      timeout: props.timeout,
      memorySize: props.memoryMb,
      tracing: lambda.Tracing.ACTIVE,
      ...(props.reservedConcurrency !== undefined && {
        reservedConcurrentExecutions: props.reservedConcurrency,
      }),
    });
    acknowledge(this.function, { ...WITHOUT_DEAD_LETTERS, ...WITHOUT_VPC });
    if (props.reservedConcurrency === undefined)
      acknowledge(this.function, {
        CKV_AWS_115:
          'A reservation fails in a new account, so it is configuration (reservedConcurrency); the event sources of triage and sign limit their concurrent runs anyway.',
      });
    if (!props.encryptionKey) acknowledgeKeysOfAws(this);
    acknowledge(this.role, {
      'AwsSolutions-IAM5[Resource::*]':
        'X-Ray has no resource ARNs for these actions: PutTraceSegments and PutTelemetryRecords take * only (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html)',
    });
  }
}

const NO_DEAD_LETTERS =
  'No asynchronous call carries data that could be lost: triage and sign read queues with a dead-letter queue, reconcile runs again on schedule, and people and deployments that call create-ca see failures.';
const WITHOUT_DEAD_LETTERS = {
  'Serverless-LambdaDLQ': NO_DEAD_LETTERS,
  CKV_AWS_116: NO_DEAD_LETTERS,
};

const WITHOUT_VPC = {
  CKV_AWS_117:
    'The functions open no port and call only S3, SQS and KMS, over TLS. A VPC would protect nothing, and would need endpoints or a NAT gateway, which can fail.',
};

function acknowledgeKeysOfAws({ logGroup, function: owned }: CakelessFunction): void {
  acknowledge(logGroup, { CKV_AWS_158: KEY_IS_CONFIGURATION });
  acknowledge(owned, { CKV_AWS_173: KEY_IS_CONFIGURATION });
}

/** Logs and environment are always encrypted, by default with keys of AWS. */
export const KEY_IS_CONFIGURATION =
  'Nothing in it is secret: names, ARNs, and who requested which public certificate. encryptionKeyArn names another key.';
