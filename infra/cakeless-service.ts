import { Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import type { ServiceName } from '../lib/metric-names.ts';
import { type CaKeySpec, signingAlgorithmOf } from '../lib/signing/signing-algorithm.ts';
import { AccessLogsBucket } from './access-logs-bucket.ts';
import { acknowledge } from './acknowledge.ts';
import { AuthorityBucket } from './authority-bucket.ts';
import { CakelessFunction, type CakelessFunctionProps } from './cakeless-function.ts';
import { ExchangeBucket } from './exchange-bucket.ts';
import { RequestQueue } from './request-queue.ts';
import { SignatureWatch } from './signature-watch.ts';

export interface CakelessServiceProps {
  /** First part of the names of buckets, functions and roles; two services in one account need two. @default cakeless */
  readonly namePrefix?: string | undefined;
  /** Folder with the bundles that `npm run build` makes. @default dist/functions */
  readonly codeDir?: string | undefined;
  /** Requests and outcomes leave the exchange bucket after this time. @default 90 days */
  readonly requestExpiration?: Duration | undefined;
  /** @default one year */
  readonly logRetention?: logs.RetentionDays | undefined;
  /** Runs of the sign function at a time, from 2 on: what keeps KMS from being asked too often. @default 5 */
  readonly maxConcurrency?: number | undefined;
  /**
   * Concurrency taken out of the account's for single functions. A new account has 10 in all, and a reservation fails
   * there. @default none
   */
  readonly reservedConcurrency?: Partial<Record<ServiceName, number>> | undefined;
}

/** A batch of ten needs a second or two; a slow KMS has time for the SDK's five tries. */
const SIGN_TIMEOUT = Duration.seconds(30);
const DEFAULT_CODE_DIR = 'dist/functions';
const RECONCILE_TIMEOUT = Duration.minutes(5);

/** Buckets, queue and functions. Trust domains, nodes and people come with constructs of their own. */
export class CakelessService extends Construct {
  readonly namePrefix: string;
  readonly exchange: ExchangeBucket;
  readonly authority: AuthorityBucket;
  readonly requests: RequestQueue;
  readonly sign: CakelessFunction;
  readonly createCa: CakelessFunction;
  readonly reconcile: CakelessFunction;
  readonly watchSignatures: CakelessFunction;
  readonly functions: readonly CakelessFunction[];
  readonly #props: CakelessServiceProps;

  constructor(scope: Construct, id: string, props: CakelessServiceProps = {}) {
    super(scope, id);
    this.#props = props;
    this.namePrefix = props.namePrefix ?? 'cakeless';
    const accessLogs = new AccessLogsBucket(this, 'AccessLogs', {
      bucketName: this.#bucketName('access-logs'),
      retention: Duration.days(365),
    }).bucket;
    this.exchange = new ExchangeBucket(this, 'Exchange', {
      bucketName: this.#bucketName('exchange'),
      expiration: props.requestExpiration ?? Duration.days(90),
      accessLogs,
    });
    this.authority = new AuthorityBucket(this, 'Authority', {
      bucketName: this.#bucketName('authority'),
      accessLogs,
    });
    this.requests = new RequestQueue(this, 'Queue', { functionTimeout: SIGN_TIMEOUT });
    this.requests.takeEvents(this.exchange, 'requests/');
    this.requests.takeEvents(this.authority, 'approvals/');
    this.sign = this.#newSign();
    this.createCa = this.#newCreateCa();
    this.reconcile = this.#newReconcile();
    this.watchSignatures = this.#newWatchSignatures();
    this.functions = [this.sign, this.createCa, this.reconcile, this.watchSignatures];
  }

  /** The owner of the functions says what they may do with CA keys; the owner of the keys says so in the key policy. */
  grantCaKeys(keyArns: readonly string[], keySpec: CaKeySpec): void {
    const { kms } = signingAlgorithmOf(keySpec);
    for (const { role } of [this.sign, this.createCa])
      role.addToPolicy(
        new iam.PolicyStatement({
          actions: ['kms:Sign'],
          resources: [...keyArns],
          conditions: {
            StringEquals: { 'kms:MessageType': 'DIGEST', 'kms:SigningAlgorithm': kms },
          },
        }),
      );
    this.createCa.role.addToPolicy(
      new iam.PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [...keyArns] }),
    );
  }

  /** Reading the logs of the functions. */
  grantLogs(grantee: iam.IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: [
          'logs:DescribeLogStreams',
          'logs:FilterLogEvents',
          'logs:GetLogEvents',
          'logs:StartQuery',
        ],
        resources: this.functions.map(({ logGroup }) => logGroup.logGroupArn),
      }),
    );
  }

  #newSign(): CakelessFunction {
    const sign = this.#newFunction('Sign', 'sign', {
      description: 'judges requests and signs certificates',
      timeout: SIGN_TIMEOUT,
      memoryMb: 1024,
    });
    this.exchange.grantIssuing(sign);
    this.authority.grantIssuing(sign);
    this.requests.feed(sign.function, this.#props.maxConcurrency ?? 5);
    return sign;
  }

  #newCreateCa(): CakelessFunction {
    const createCa = this.#newFunction('CreateCa', 'create-ca', {
      description: 'makes the CA certificates of a trust domain, once',
      timeout: Duration.minutes(5),
      memoryMb: 512,
    });
    this.exchange.grantPublishingTrust(createCa);
    this.authority.grantCreatingCas(createCa);
    return createCa;
  }

  #newReconcile(): CakelessFunction {
    const reconcile = this.#newFunction('Reconcile', 'reconcile', {
      description: 'queues again what was left unfinished',
      timeout: RECONCILE_TIMEOUT,
      memoryMb: 512,
      environment: { [ENVIRONMENT.queueUrl]: this.requests.queue.queueUrl },
    });
    this.exchange.grantLookingForUnfinished(reconcile);
    this.authority.grantLookingForUnfinished(reconcile);
    this.requests.grantSending(reconcile);
    this.#schedule('ReconcileOften', reconcile, Duration.minutes(5), {});
    this.#schedule('ReconcileDaily', reconcile, Duration.days(1), { records: true });
    return reconcile;
  }

  #newWatchSignatures(): CakelessFunction {
    const watcher = this.#newFunction('WatchSignatures', 'watch-signatures', {
      description: 'holds each use of a CA key against the ledger',
      timeout: Duration.minutes(1),
      memoryMb: 512,
      environment: {
        [ENVIRONMENT.signRoleArn]: this.sign.role.roleArn,
        [ENVIRONMENT.createCaRoleArn]: this.createCa.role.roleArn,
      },
    });
    this.authority.grantAuditing(watcher);
    new SignatureWatch(this, 'SignatureWatch', { watcher });
    return watcher;
  }

  #schedule(id: string, target: CakelessFunction, every: Duration, event: object): void {
    const rule = new events.Rule(this, id, {
      description: `Cakeless: reconcile ${JSON.stringify(event)}`,
      schedule: events.Schedule.rate(every),
      targets: [
        // The next run makes good what a lost one left.
        new targets.LambdaFunction(target.function, {
          event: events.RuleTargetInput.fromObject(event),
          retryAttempts: 2,
          maxEventAge: Duration.minutes(5),
        }),
      ],
    });
    acknowledge(rule, {
      'Serverless-EventBusDLQ':
        'An event of the schedule says nothing that the next one does not say, and an alarm tells when none came.',
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
      logRetention: this.#props.logRetention ?? logs.RetentionDays.ONE_YEAR,
      reservedConcurrency: this.#props.reservedConcurrency?.[name],
      environment: {
        [ENVIRONMENT.exchangeBucket]: this.exchange.bucket.bucketName,
        [ENVIRONMENT.authorityBucket]: this.authority.bucket.bucketName,
        ...environment,
      },
    });
  }

  /**
   * Names that can be told beforehand: the queue's policy names the buckets before they are there, and a second
   * deployment beside a first one, whose buckets stayed, fails instead of starting an empty ledger.
   */
  #bucketName(what: string): string {
    const { account, region } = Stack.of(this);
    return `${this.namePrefix}-${what}-${account}-${region}`;
  }
}
