import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { METRICS, METRICS_NAMESPACE, type Metric } from '../lib/metric-names.ts';
import type { CakelessService } from './cakeless-service.ts';

export interface AlarmsProps {
  readonly service: CakelessService;
  /** SNS topic that is told when an alarm goes off, and when it is over. @default nobody is told */
  readonly topicArn?: string | undefined;
  /**
   * Renewals have stopped if nothing was issued for so many days, 7 at most (CloudWatch looks no further back). It
   * depends on the fleet: with renewals once a year and few nodes, weeks without one are normal. @default no such alarm
   */
  readonly renewalsStoppedDays?: number | undefined;
}

const { BREACHING, NOT_BREACHING, IGNORE } = cloudwatch.TreatMissingData;
const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD, LESS_THAN_OR_EQUAL_TO_THRESHOLD } =
  cloudwatch.ComparisonOperator;
const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);
const HOUR = Duration.hours(1);
const DAY = Duration.days(1);

interface AlarmPlan {
  readonly id: string;
  /** What is wrong, and where to look. */
  readonly says: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly atMost?: boolean;
  readonly periods?: number;
  readonly missing?: cloudwatch.TreatMissingData;
}

/** What a person has to know of. docs/metrics.md tells what to do about each. */
export class Alarms extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const plans = [
      ...queuePlans(props.service),
      ...requestPlans(),
      ...expiryPlans(),
      ...functionPlans(props.service),
      ...stoppedPlans(props.renewalsStoppedDays),
    ];
    this.alarms = plans.map((plan) => this.#newAlarm(plan, props));
  }

  #newAlarm(plan: AlarmPlan, { service, topicArn }: AlarmsProps): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, plan.id, {
      alarmName: `${service.namePrefix}-${plan.id}-${Stack.of(this).region}`,
      alarmDescription: plan.says,
      metric: plan.metric,
      threshold: plan.threshold,
      comparisonOperator: plan.atMost
        ? LESS_THAN_OR_EQUAL_TO_THRESHOLD
        : GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: plan.periods ?? 1,
      treatMissingData: plan.missing ?? NOT_BREACHING,
    });
    if (topicArn !== undefined) {
      const action = { bind: () => ({ alarmActionArn: topicArn }) };
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
    return alarm;
  }
}

/** A metric of the functions. Gauges are looked at by their highest value, counts by their sum. */
export function metricOf(
  { name, service }: Metric,
  statistic: 'Sum' | 'Maximum' | 'Minimum' | 'SampleCount',
  period: Duration,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS_NAMESPACE,
    metricName: name,
    dimensionsMap: { service },
    statistic,
    period,
  });
}

function queuePlans({ requests }: CakelessService): AlarmPlan[] {
  return [
    {
      id: 'dead-letters',
      says: 'Requests could not be dealt with and lie in the dead-letter queue: read the log of sign for Failure.',
      metric: requests.deadLetters.metricApproximateNumberOfMessagesVisible({
        period: MINUTE,
        statistic: 'Maximum',
      }),
      threshold: 1,
    },
    {
      id: 'queue-age',
      says: 'A message has been in the queue for ten minutes: is sign throttled, or does it fail?',
      metric: requests.queue.metricApproximateAgeOfOldestMessage({
        period: FIVE_MINUTES,
        statistic: 'Maximum',
      }),
      threshold: 600,
    },
  ];
}

function requestPlans(): AlarmPlan[] {
  return [
    {
      id: 'request-age',
      says: 'A request has had no outcome for fifteen minutes. No data means that reconcile does not run.',
      metric: metricOf(METRICS.oldestRequestAge, 'Maximum', FIVE_MINUTES),
      threshold: 900,
      periods: 3,
      missing: BREACHING,
    },
    {
      id: 'rejections',
      says: 'Ten or more requests were refused within an hour: a cluster record is wrong, or somebody is trying.',
      metric: metricOf(METRICS.rejected, 'Sum', HOUR),
      threshold: 10,
    },
    {
      id: 'approvals-waiting',
      says: 'A request has been waiting for an approver for an hour: cakeless pending.',
      metric: metricOf(METRICS.oldestApprovalAge, 'Maximum', FIVE_MINUTES),
      threshold: 3600,
    },
    {
      id: 'kms-throttled',
      says: 'KMS is asked too often: raise its quota, or lower maxConcurrency.',
      metric: metricOf(METRICS.kmsThrottled, 'Sum', FIVE_MINUTES),
      threshold: 10,
    },
    {
      id: 'failure',
      says: 'A request failed for good: permissions, a malformed document or a bug; the log of sign has it.',
      metric: metricOf(METRICS.failure, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
    {
      id: 'private-key-uploaded',
      says: 'An object with a private key, or one too large to look into, was taken out of the exchange bucket.',
      metric: metricOf(METRICS.objectRemoved, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
    {
      id: 'request-overwritten',
      says: 'A request was written over after it was decided, which the bucket policy forbids.',
      metric: metricOf(METRICS.requestOverwritten, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
    {
      id: 'signature-without-record',
      says: 'An incident: a CA key signed something that no record stands for. The log of watch-signatures has who.',
      metric: metricOf(METRICS.signatureWithoutRecord, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
  ];
}

/** Written once a day. Days are counted anew with each look, so that one late look is no alarm yet. */
function expiryPlans(): AlarmPlan[] {
  return [
    {
      id: 'daily-look-missing',
      says: 'Nobody has looked for two days which certificates expire: see the log of reconcile. Until the first look after a deployment this is normal.',
      metric: metricOf(METRICS.certificatesNearExpiry, 'SampleCount', DAY),
      threshold: 0,
      atMost: true,
      periods: 2,
      missing: BREACHING,
    },
    {
      id: 'certificates-near-expiry',
      says: 'Certificates expire soon and were not renewed. The log of reconcile has their names.',
      metric: metricOf(METRICS.certificatesNearExpiry, 'Maximum', DAY),
      threshold: 1,
    },
    {
      id: 'certificates-expired',
      says: 'Certificates expired and were not renewed: a control plane may be down. The log of reconcile has names.',
      metric: metricOf(METRICS.certificatesExpired, 'Maximum', DAY),
      threshold: 1,
    },
    {
      id: 'ca-near-expiry',
      says: 'A CA expires within a year. Its successor has to be trusted everywhere long before.',
      metric: metricOf(METRICS.caDaysLeft, 'Minimum', DAY),
      threshold: 365,
      atMost: true,
      // there is none as long as there is no cluster
      missing: IGNORE,
    },
  ];
}

function functionPlans(service: CakelessService): AlarmPlan[] {
  return service.functions.flatMap(({ name, function: watched }) => [
    {
      id: `${name}-errors`,
      says: `The function ${name} ended in an error, or ran out of time or memory.`,
      metric: perFiveMinutes(watched, 'Errors'),
      threshold: 1,
    },
    {
      id: `${name}-throttles`,
      says: `The function ${name} could not run: the account's concurrent executions are used up.`,
      metric: perFiveMinutes(watched, 'Throttles'),
      threshold: 1,
      periods: 3,
    },
  ]);
}

function perFiveMinutes(watched: lambda.Function, name: 'Errors' | 'Throttles'): cloudwatch.Metric {
  return watched.metric(name, { statistic: 'Sum', period: FIVE_MINUTES });
}

function stoppedPlans(days: number | undefined): AlarmPlan[] {
  if (days === undefined) return [];
  return [
    {
      id: 'renewals-have-stopped',
      says: `Nothing was issued for ${days} days: do nodes still upload, and is sign still called?`,
      metric: metricOf(METRICS.issued, 'Sum', DAY),
      threshold: 0,
      atMost: true,
      periods: days,
      missing: BREACHING,
    },
  ];
}
