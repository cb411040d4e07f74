import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { EVENT_SOURCES } from '../functions/event-sources.ts';
import type { Caller } from '../lib/access/principals.ts';
import {
  KEY_ACCESS,
  QUEUES,
  SERVICE_ACCESS,
  type ServiceResource,
} from '../lib/access/services.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import type { ServiceName } from '../lib/metric-names.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../lib/signing/signing-algorithm.ts';
import { acknowledge } from './acknowledge.ts';
import { newAuthorityBucket } from './authority-bucket.ts';
import { CakelessFunction, type CakelessFunctionProps } from './cakeless-function.ts';
import type { ContractBucket } from './contract-bucket.ts';
import { newExchangeBucket } from './exchange-bucket.ts';
import { type Conditions, grantObjects } from './grant-objects.ts';
import { GuardWatch } from './guard-watch.ts';
import { notify } from './notifications.ts';
import { type Guardians, type GuardiansProps, guardiansOf } from './principal-arns.ts';
import { PrivateBucket } from './private-bucket.ts';
import { feed, Queues } from './queues.ts';
import { SignatureWatch } from './signature-watch.ts';
import { type ConfiguredRule, trustDomainRules } from './trust-domain-rules.ts';

export interface CakelessServiceProps extends GuardiansProps {
  /** First part of the names of buckets, functions and roles; two services in one account need two. @default cakeless */
  readonly namePrefix?: string | undefined;
  /** Folder with the bundles that `npm run build` creates. @default dist/functions */
  readonly codeDir?: string | undefined;
  /** Requests and outcomes are deleted from the exchange bucket after this time. @default 90 days */
  readonly requestExpiration?: Duration | undefined;
  /** @default one year */
  readonly logRetention?: logs.RetentionDays | undefined;
  /** Concurrent runs of the sign function, 2 or more; it limits the rate of calls to KMS. @default 5 */
  readonly maxConcurrency?: number | undefined;
  /**
   * Concurrency to reserve, by function. A new account has 10 concurrent executions in total, and a reservation fails
   * there. @default none
   */
  readonly reservedConcurrency?: Partial<Record<ServiceName, number>> | undefined;
  /** ARN of a symmetric KMS key that encrypts logs and the environment of functions. @default keys of AWS */
  readonly encryptionKeyArn?: string | undefined;
  /** What certificates of a trust domain must be, whatever a cluster record says. @default a year at most, one approver */
  readonly trustDomainRules?: readonly ConfiguredRule[] | undefined;
}

/** A batch takes a fraction of a second: triage reads no object. The rest is for the SDK's attempts when SQS is slow. */
const TRIAGE_TIMEOUT = Duration.seconds(30);
/** A batch of ten takes a second or two. The rest is for the SDK's five attempts when KMS is slow. */
const SIGN_TIMEOUT = Duration.seconds(30);
const DEFAULT_CODE_DIR = 'dist/functions';
const RECONCILE_TIMEOUT = Duration.minutes(5);

/** Buckets, queues and functions. Other constructs add trust domains, nodes and people. */
export class CakelessService extends Construct {
  readonly namePrefix: string;
  readonly exchange: ContractBucket;
  readonly authority: ContractBucket;
  readonly queues: Queues;
  readonly triage: CakelessFunction;
  readonly sign: CakelessFunction;
  readonly createCa: CakelessFunction;
  readonly reconcile: CakelessFunction;
  readonly watchSignatures: CakelessFunction;
  readonly functions: readonly CakelessFunction[];
  readonly guardWatch: GuardWatch;
  readonly #props: CakelessServiceProps;

  constructor(scope: Construct, id: string, props: CakelessServiceProps = {}) {
    super(scope, id);
    this.#props = props;
    this.namePrefix = props.namePrefix ?? 'cakeless';
    const guardians = guardiansOf(this, props);
    const accessLogs = this.#newAccessLogs();
    const common = { namePrefix: this.namePrefix, guardians, accessLogs };
    this.exchange = newExchangeBucket(this, 'Exchange', {
      ...common,
      bucketName: this.#bucketName('exchange'),
      expiration: props.requestExpiration ?? Duration.days(90),
    });
    this.authority = newAuthorityBucket(this, 'Authority', {
      ...common,
      bucketName: this.#bucketName('authority'),
    });
    this.queues = this.#newQueues(guardians);
    this.triage = this.#newTriage();
    this.sign = this.#newSign();
    this.createCa = this.#newCreateCa();
    this.reconcile = this.#newReconcile();
    this.watchSignatures = this.#newWatchSignatures();
    this.functions = [this.triage, this.sign, this.createCa, this.reconcile, this.watchSignatures];
    for (const one of this.functions) this.grant(one, { principal: one.name });
    notify({
      buckets: { exchange: this.exchange, authority: this.authority },
      uploads: this.queues.uploads,
      reconcile: this.reconcile,
    });
    this.guardWatch = new GuardWatch(this, 'GuardWatch', {
      namePrefix: this.namePrefix,
      bucketNames: [this.exchange.bucketName, this.authority.bucketName],
      functions: this.functions,
      queues: [this.queues.uploads, this.queues.requests, this.queues.deadLetters],
      logRetention: this.#logRetention,
      encryptionKey: this.#encryptionKey,
    });
  }

  /**
   * Gives a role what `lib/access` allows a principal, CA keys excepted: `grantCaKeys` gives those.
   * @param conditions added to the statements about objects, for a role that many nodes share
   */
  grant(grantee: iam.IGrantable, caller: Caller, conditions: Conditions = {}): void {
    // CDK's own types disagree under exactOptionalPropertyTypes: a Bucket is an IBucket.
    const exchange = this.exchange.bucket as s3.IBucket;
    const authority =
      caller.principal === 'reconcile'
        ? this.#authorityByName
        : (this.authority.bucket as s3.IBucket);
    grantObjects(grantee, caller, { exchange, authority }, conditions);
    for (const { resource, actions, by } of SERVICE_ACCESS)
      if (by.includes(caller.principal))
        grantee.grantPrincipal.addToPrincipalPolicy(
          new iam.PolicyStatement({
            actions: [...actions],
            resources: this.#arnsOf(resource),
          }),
        );
  }

  /** The functions' side of `KEY_ACCESS`. The key policy (`CaKeys`) must allow it too. */
  grantCaKeys(keyArns: readonly string[], keySpec: CaKeySpec): void {
    const { kms } = signingAlgorithmOf(keySpec);
    const digests = {
      StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': kms },
    };
    for (const { name, role } of this.functions)
      for (const { actions, by, digestsOnly } of KEY_ACCESS)
        if (by.some((principal) => principal === name))
          role.addToPolicy(
            new iam.PolicyStatement({
              actions: [...actions],
              resources: [...keyArns],
              conditions: digestsOnly ? digests : {},
            }),
          );
  }

  #arnsOf(resource: ServiceResource): string[] {
    const queue = QUEUES.find((one) => one === resource);
    if (queue) return [this.queues.queueOf(queue).queueArn];
    if (resource === 'function logs')
      return this.functions.map(({ logGroup }) => logGroup.logGroupArn);
    return this.functions
      .filter(({ name }) => resource === `function ${name}`)
      .map((one) => one.function.functionArn);
  }

  /** S3 logs to it who read and wrote what in the two buckets of the contract. */
  #newAccessLogs(): s3.Bucket {
    const logs = new PrivateBucket(this, 'AccessLogs', {
      bucketName: this.#bucketName('access-logs'),
      lifecycleRules: [{ id: 'old-logs', expiration: Duration.days(365) }],
    });
    const reason =
      'This is the bucket for access logs; if it logged to itself, it would log every delivery.';
    acknowledge(logs, { 'AwsSolutions-S1': reason });
    acknowledge(logs.bucket, {
      CKV_AWS_18: reason,
      CKV_AWS_21: 'S3 writes each log once, under a new name; nothing overwrites it.',
    });
    return logs.bucket;
  }

  #newQueues(guardians: Guardians): Queues {
    return new Queues(this, 'Queue', {
      namePrefix: this.namePrefix,
      guardians,
      triageTimeout: TRIAGE_TIMEOUT,
      signTimeout: SIGN_TIMEOUT,
      reportingBuckets: [this.exchange.bucketName, this.authority.bucketName],
    });
  }

  #newTriage(): CakelessFunction {
    const { uploads, requests } = this.queues;
    const triage = this.#newFunction('Triage', 'triage', {
      description: 'sorts the events of the buckets by node',
      timeout: TRIAGE_TIMEOUT,
      memoryMb: 512,
      environment: { ...sourceOf(uploads), [ENVIRONMENT.queueUrl]: requests.queueUrl },
    });
    feed(uploads, triage.function, EVENT_SOURCES.triage);
    return triage;
  }

  #newSign(): CakelessFunction {
    const { requests } = this.queues;
    const sign = this.#newFunction('Sign', 'sign', {
      description: 'judges requests and signs certificates',
      timeout: SIGN_TIMEOUT,
      memoryMb: 1024,
      environment: { ...sourceOf(requests), ...this.#rules() },
    });
    feed(requests, sign.function, EVENT_SOURCES.sign, this.#props.maxConcurrency);
    return sign;
  }

  /** What the functions require of certificates, whatever a cluster record says. */
  #rules(): Record<string, string> {
    const rules = trustDomainRules(this.#props.trustDomainRules ?? []);
    return rules === undefined ? {} : { [ENVIRONMENT.trustDomainRules]: rules };
  }

  /**
   * S3 accepts the notification of the authority bucket only if reconcile exists, so nothing that reconcile needs may
   * refer to that bucket.
   */
  get #authorityByName(): s3.IBucket {
    const known = this.node.tryFindChild('AuthorityByName') as s3.IBucket | undefined;
    return known ?? s3.Bucket.fromBucketName(this, 'AuthorityByName', this.authority.bucketName);
  }

  #newCreateCa(): CakelessFunction {
    return this.#newFunction('CreateCa', 'create-ca', {
      description: 'creates the CA certificates of a trust domain, once',
      timeout: Duration.minutes(5),
      memoryMb: 512,
    });
  }

  #newReconcile(): CakelessFunction {
    const reconcile = this.#newFunction('Reconcile', 'reconcile', {
      description: 'queues unfinished requests again',
      timeout: RECONCILE_TIMEOUT,
      memoryMb: 512,
      environment: {
        [ENVIRONMENT.queueUrl]: this.queues.requests.queueUrl,
        [ENVIRONMENT.authorityBucket]: this.authority.bucketName,
      },
    });
    this.#schedule('ReconcileOften', reconcile, Duration.minutes(5), {});
    this.#schedule('ReconcileDaily', reconcile, Duration.days(1), { records: true });
    return reconcile;
  }

  #newWatchSignatures(): CakelessFunction {
    const watcher = this.#newFunction('WatchSignatures', 'watch-signatures', {
      description: 'compares each use of a CA key with the ledger',
      timeout: Duration.minutes(1),
      memoryMb: 512,
      environment: {
        [ENVIRONMENT.signRoleArn]: this.sign.role.roleArn,
        [ENVIRONMENT.createCaRoleArn]: this.createCa.role.roleArn,
        ...this.#rules(),
      },
    });
    new SignatureWatch(this, 'SignatureWatch', { watcher });
    return watcher;
  }

  #schedule(id: string, target: CakelessFunction, every: Duration, event: object): void {
    const rule = new events.Rule(this, id, {
      description: `Cakeless: reconcile ${JSON.stringify(event)}`,
      schedule: events.Schedule.rate(every),
      targets: [
        // The next run does the work of a lost one.
        new targets.LambdaFunction(target.function, {
          event: events.RuleTargetInput.fromObject(event),
          retryAttempts: 2,
          maxEventAge: Duration.minutes(5),
        }),
      ],
    });
    acknowledge(rule, {
      'Serverless-EventBusDLQ':
        'Scheduled events carry no state, so the next one replaces a lost one, and an alarm reports when none arrive.',
    });
  }

  #newFunction(
    id: string,
    name: ServiceName,
    {
      environment = {},
      ...props
    }: Pick<CakelessFunctionProps, 'description' | 'timeout' | 'memoryMb'> & {
      environment?: Record<string, string>;
    },
  ): CakelessFunction {
    return new CakelessFunction(this, id, {
      ...props,
      name,
      namePrefix: this.namePrefix,
      codeDir: this.#props.codeDir ?? DEFAULT_CODE_DIR,
      logRetention: this.#logRetention,
      encryptionKey: this.#encryptionKey,
      reservedConcurrency: this.#props.reservedConcurrency?.[name],
      environment: {
        [ENVIRONMENT.exchangeBucket]: this.exchange.bucket.bucketName,
        [ENVIRONMENT.authorityBucket]: this.authority.bucket.bucketName,
        ...environment,
      },
    });
  }

  get #encryptionKey(): kms.IKey | undefined {
    const arn = this.#props.encryptionKeyArn;
    if (arn === undefined) return undefined;
    const known = this.node.tryFindChild('EncryptionKey') as kms.IKey | undefined;
    return known ?? kms.Key.fromKeyArn(this, 'EncryptionKey', arn);
  }

  get #logRetention(): logs.RetentionDays {
    return this.#props.logRetention ?? logs.RetentionDays.ONE_YEAR;
  }

  /**
   * Fixed names: policies name the buckets before they exist, and a new deployment next to buckets that were
   * kept from an earlier one fails instead of starting an empty ledger.
   */
  #bucketName(what: string): string {
    const { account, region } = Stack.of(this);
    return `${this.namePrefix}-${what}-${account}-${region}`;
  }
}

/** For the proof that a message is in the queue that the function reads. */
function sourceOf(queue: sqs.Queue): Record<string, string> {
  return {
    [ENVIRONMENT.sourceQueueUrl]: queue.queueUrl,
    [ENVIRONMENT.sourceQueueArn]: queue.queueArn,
  };
}
