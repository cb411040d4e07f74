/** The five functions of a service, with what wakes each of them. */
import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DAILY_CHECK, EVENT_SOURCES } from '../functions/event-sources.ts';
import { ENVIRONMENT } from '../lib/environment-names.ts';
import type { ServiceName } from '../lib/metric-names.ts';
import { acknowledge } from './acknowledge.ts';
import { CakelessFunction, type CakelessFunctionProps } from './cakeless-function.ts';
import type { ContractBucket } from './contract-bucket.ts';
import { feed, type Queues } from './queues.ts';
import type { ServiceOptions } from './service-options.ts';
import { SignatureWatch } from './signature-watch.ts';

/** A batch takes a fraction of a second: triage reads no object. The rest is for the SDK's attempts when SQS is slow. */
export const TRIAGE_TIMEOUT = Duration.seconds(30);
/** A batch of ten takes a second or two. The rest is for the SDK's five attempts when KMS is slow. */
export const SIGN_TIMEOUT = Duration.seconds(30);
/** It reads the reports of 1,000 clusters in half a minute. The rest is for S3 when it is slow. */
const CREATE_CA_TIMEOUT = Duration.minutes(5);
const RECONCILE_TIMEOUT = Duration.minutes(5);

export interface ServiceFunctionsProps
  extends Pick<CakelessFunctionProps, 'namePrefix' | 'codeDir' | 'logRetention' | 'encryptionKey'>,
    Pick<ServiceOptions, 'maxConcurrency' | 'reservedConcurrency'> {
  readonly exchange: ContractBucket;
  readonly authority: ContractBucket;
  readonly queues: Queues;
  /** The trust-domain rules, as JSON. @default none */
  readonly rules?: string | undefined;
  /** The rules of the gates of rotations, as JSON. @default those of the service */
  readonly gateRules?: string | undefined;
}

/** Creates the functions in the scope of the service. `CakelessService` grants their permissions. */
export class ServiceFunctions {
  readonly triage: CakelessFunction;
  readonly sign: CakelessFunction;
  readonly createCa: CakelessFunction;
  readonly reconcile: CakelessFunction;
  readonly watchSignatures: CakelessFunction;
  readonly #scope: Construct;
  readonly #props: ServiceFunctionsProps;

  constructor(scope: Construct, props: ServiceFunctionsProps) {
    this.#scope = scope;
    this.#props = props;
    this.triage = this.#newTriage();
    this.sign = this.#newSign();
    this.createCa = this.#newCreateCa();
    this.reconcile = this.#newReconcile();
    this.watchSignatures = this.#newWatchSignatures();
  }

  all(): CakelessFunction[] {
    return [this.triage, this.sign, this.createCa, this.reconcile, this.watchSignatures];
  }

  #newTriage(): CakelessFunction {
    const { uploads, requests } = this.#props.queues;
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
    const { requests } = this.#props.queues;
    const sign = this.#newFunction('Sign', 'sign', {
      description: 'judges requests and signs certificates',
      timeout: SIGN_TIMEOUT,
      memoryMb: 1024,
      environment: { ...sourceOf(requests), ...this.#rules() },
    });
    feed(requests, sign.function, EVENT_SOURCES.sign, this.#props.maxConcurrency);
    return sign;
  }

  #newCreateCa(): CakelessFunction {
    return this.#newFunction('CreateCa', 'create-ca', {
      description: 'creates, renews and rotates the CAs of a trust domain',
      timeout: CREATE_CA_TIMEOUT,
      // before a rotation goes on it reads what all clusters of the trust domain report
      memoryMb: 1024,
      environment: this.#gateRules(),
    });
  }

  #newReconcile(): CakelessFunction {
    const reconcile = this.#newFunction('Reconcile', 'reconcile', {
      description: 'queues unfinished requests again',
      timeout: RECONCILE_TIMEOUT,
      memoryMb: 512,
      environment: {
        [ENVIRONMENT.queueUrl]: this.#props.queues.requests.queueUrl,
        // S3 accepts the notification of this bucket only if reconcile exists, so it may not refer to it
        [ENVIRONMENT.authorityBucket]: this.#props.authority.bucketName,
        ...this.#gateRules(),
      },
    });
    this.#schedule('ReconcileOften', reconcile, Duration.minutes(5), {});
    this.#schedule('ReconcileDaily', reconcile, Duration.days(1), DAILY_CHECK);
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
    new SignatureWatch(this.#scope, 'SignatureWatch', { watcher });
    return watcher;
  }

  /** What the functions require of certificates, whatever a cluster record says. */
  #rules(): Record<string, string> {
    const { rules } = this.#props;
    return rules === undefined ? {} : { [ENVIRONMENT.trustDomainRules]: rules };
  }

  /** Of those who judge how far a rotation is. */
  #gateRules(): Record<string, string> {
    const { gateRules } = this.#props;
    return gateRules === undefined ? {} : { [ENVIRONMENT.gateRules]: gateRules };
  }

  #schedule(id: string, target: CakelessFunction, every: Duration, event: object): void {
    const rule = new events.Rule(this.#scope, id, {
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
    const { namePrefix, codeDir, logRetention, encryptionKey, reservedConcurrency } = this.#props;
    return new CakelessFunction(this.#scope, id, {
      ...props,
      name,
      namePrefix,
      codeDir,
      logRetention,
      encryptionKey,
      reservedConcurrency: reservedConcurrency?.[name],
      environment: {
        [ENVIRONMENT.exchangeBucket]: this.#props.exchange.bucket.bucketName,
        [ENVIRONMENT.authorityBucket]: this.#props.authority.bucket.bucketName,
        ...environment,
      },
    });
  }
}

/** To prove that a message is in the queue that the function reads. */
function sourceOf(queue: sqs.Queue): Record<string, string> {
  return {
    [ENVIRONMENT.sourceQueueUrl]: queue.queueUrl,
    [ENVIRONMENT.sourceQueueArn]: queue.queueArn,
  };
}
