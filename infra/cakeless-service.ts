import { Duration, Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type Caller, IMPORTER } from '../lib/access/principals.ts';
import type { Bucket } from '../lib/contract/prefixes.ts';
import { acknowledge } from './acknowledge.ts';
import { newAuthorityBucket } from './authority-bucket.ts';
import { bundlesFolder } from './bundles.ts';
import type { CakelessFunction } from './cakeless-function.ts';
import { setFlags } from './cdk-flags.ts';
import type { ContractBucket } from './contract-bucket.ts';
import { newExchangeBucket } from './exchange-bucket.ts';
import { type Conditions, grantObjects } from './grant-objects.ts';
import { GuardWatch } from './guard-watch.ts';
import { notify } from './notifications.ts';
import { type Guardians, type GuardiansProps, guardiansOf } from './principal-arns.ts';
import { PrivateBucket } from './private-bucket.ts';
import { Queues } from './queues.ts';
import { ServiceFunctions, SIGN_TIMEOUT, TRIAGE_TIMEOUT } from './service-functions.ts';
import { type CaKeyGrant, grantKeys, grantService } from './service-grants.ts';
import type { ServiceOptions } from './service-options.ts';
import { type ConfiguredRule, trustDomainRules } from './trust-domain-rules.ts';

export interface CakelessServiceProps extends GuardiansProps, ServiceOptions {
  /** Folder with a folder for each function. @default the bundles of the package, or of `npm run build` in the repository */
  readonly codeDir?: string | undefined;
  /** Requests and outcomes are deleted from the exchange bucket after this time. @default 90 days */
  readonly requestExpiration?: Duration | undefined;
  /** @default one year */
  readonly logRetention?: logs.RetentionDays | undefined;
  /** What certificates of a trust domain must be, whatever a cluster record says. @default a year at most, one approver */
  readonly trustDomainRules?: readonly ConfiguredRule[] | undefined;
  /** Shorter times for the gates of rotations, as JSON, for tests of a deployment. @default those of the service */
  readonly gateRules?: string | undefined;
}

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
  readonly #caKeys: CaKeyGrant[] = [];
  /** Trust domains can be added after the roles, and roles after the trust domains. */
  readonly #importers: iam.IGrantable[] = [];

  constructor(scope: Construct, id: string, props: CakelessServiceProps = {}) {
    super(scope, id);
    setFlags(this);
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
    const functions = this.#newFunctions(props);
    this.triage = functions.triage;
    this.sign = functions.sign;
    this.createCa = functions.createCa;
    this.reconcile = functions.reconcile;
    this.watchSignatures = functions.watchSignatures;
    this.functions = functions.all();
    for (const one of this.functions) this.grant(one, { principal: one.name });
    notify({
      buckets: { exchange: this.exchange, authority: this.authority },
      uploads: this.queues.uploads,
      reconcile: this.reconcile,
    });
    this.guardWatch = this.#newGuardWatch(props);
  }

  /**
   * Gives a role what `lib/access` allows a principal. `grantCaKeys` gives the functions their CA keys.
   * @param conditions added to the statements about objects, for a role that many nodes share
   */
  grant(grantee: iam.IGrantable, caller: Caller, conditions: Conditions = {}): void {
    grantObjects(grantee, caller, this.#bucketsFor(grantee, caller), conditions);
    grantService(grantee, caller, this);
    if (caller.principal !== IMPORTER) return;
    grantKeys(grantee, IMPORTER, this.#caKeys);
    this.#importers.push(grantee);
  }

  /** Lets the functions use these keys, and importers import into them. The key policy (`CaKeys`) must allow it too. */
  grantCaKeys(keys: readonly CaKeyGrant[]): void {
    for (const one of this.functions) grantKeys(one.role, one.name, keys);
    for (const one of this.#importers) grantKeys(one, IMPORTER, keys);
    this.#caKeys.push(...keys);
  }

  /**
   * A role in another stack, such as a nested one, names the buckets: a reference would make its stack depend on this
   * one. So does reconcile: S3 accepts the notification of the authority bucket only if reconcile exists, so nothing
   * that reconcile needs may refer to that bucket.
   */
  #bucketsFor(grantee: iam.IGrantable, { principal }: Caller): Record<Bucket, s3.IBucket> {
    const role = grantee.grantPrincipal;
    const elsewhere = Construct.isConstruct(role) && Stack.of(role) !== Stack.of(this);
    // CDK's own types disagree under exactOptionalPropertyTypes: a Bucket is an IBucket.
    return {
      exchange: elsewhere
        ? this.#byName('ExchangeByName', this.exchange)
        : (this.exchange.bucket as s3.IBucket),
      authority:
        elsewhere || principal === 'reconcile'
          ? this.#byName('AuthorityByName', this.authority)
          : (this.authority.bucket as s3.IBucket),
    };
  }

  #byName(id: string, { bucketName }: ContractBucket): s3.IBucket {
    const known = this.node.tryFindChild(id) as s3.IBucket | undefined;
    return known ?? s3.Bucket.fromBucketName(this, id, bucketName);
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

  #newFunctions(props: CakelessServiceProps): ServiceFunctions {
    return new ServiceFunctions(this, {
      namePrefix: this.namePrefix,
      codeDir: props.codeDir ?? bundlesFolder(),
      exchange: this.exchange,
      authority: this.authority,
      queues: this.queues,
      rules: trustDomainRules(props.trustDomainRules ?? []),
      gateRules: props.gateRules,
      maxConcurrency: props.maxConcurrency,
      reservedConcurrency: props.reservedConcurrency,
      ...this.#logging(props),
    });
  }

  #newGuardWatch(props: CakelessServiceProps): GuardWatch {
    return new GuardWatch(this, 'GuardWatch', {
      namePrefix: this.namePrefix,
      bucketNames: [this.exchange.bucketName, this.authority.bucketName],
      functions: this.functions,
      queues: [this.queues.uploads, this.queues.requests, this.queues.deadLetters],
      ...this.#logging(props),
    });
  }

  #logging({ logRetention, encryptionKeyArn: arn }: CakelessServiceProps) {
    return {
      logRetention: logRetention ?? logs.RetentionDays.ONE_YEAR,
      encryptionKey: arn === undefined ? undefined : this.#encryptionKey(arn),
    };
  }

  #encryptionKey(arn: string): kms.IKey {
    const known = this.node.tryFindChild('EncryptionKey') as kms.IKey | undefined;
    return known ?? kms.Key.fromKeyArn(this, 'EncryptionKey', arn);
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
