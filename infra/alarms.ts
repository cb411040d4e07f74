import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { METRICS, METRICS_NAMESPACE, type Metric } from '../lib/metric-names.ts';
import type { CakelessService } from './cakeless-service.ts';

export interface AlarmsProps {
  readonly service: CakelessService;
  /** SNS topic that is notified when an alarm goes off, and when it is over. @default no notification */
  readonly topicArn?: string | undefined;
  /**
   * Raise an alarm if nothing was issued for this many days, 7 at most (CloudWatch's limit). Which number is right depends
   * on the fleet: with few nodes and yearly renewals, weeks without one are normal. @default no such alarm
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
  readonly description: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly atMost?: boolean;
  readonly periods?: number;
  readonly missing?: cloudwatch.TreatMissingData;
}

/** What someone has to act on. docs/metrics.md says how. */
export class Alarms extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const plans = [
      ...guardPlans(props.service),
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
      alarmDescription: plan.description,
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

/** A metric of the functions. The statistic of gauges is their maximum, that of counts their sum. */
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

function guardPlans({ guardWatch }: CakelessService): AlarmPlan[] {
  return [
    {
      id: 'guards-changed',
      description:
        'Someone changed what keeps others from signing: a policy or setting of a bucket, key, function or role. Deployments do this too. The log group …-guards-… has the calls.',
      metric: new cloudwatch.Metric({
        namespace: 'AWS/Logs',
        metricName: 'IncomingLogEvents',
        dimensionsMap: { LogGroupName: guardWatch.log.logGroupName },
        statistic: 'Sum',
        period: FIVE_MINUTES,
      }),
      threshold: 1,
    },
  ];
}

function queuePlans({ queues }: CakelessService): AlarmPlan[] {
  return [
    {
      id: 'dead-letters',
      description:
        'Messages failed permanently and are in the dead-letter queue: search the logs of sign and triage for Failure.',
      metric: queues.deadLetters.metricApproximateNumberOfMessagesVisible({
        period: MINUTE,
        statistic: 'Maximum',
      }),
      threshold: 1,
    },
    {
      id: 'queue-age',
      description:
        'A message has been in the queue for ten minutes: check whether sign is throttled or fails.',
      metric: queues.requests.metricApproximateAgeOfOldestMessage({
        period: FIVE_MINUTES,
        statistic: 'Maximum',
      }),
      threshold: 600,
    },
    {
      id: 'upload-queue-age',
      description:
        'An upload or approval has been in the upload queue for ten minutes: check whether triage is throttled or fails.',
      metric: queues.uploads.metricApproximateAgeOfOldestMessage({
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
      description:
        'A request has had no outcome for fifteen minutes. Missing data means that reconcile does not run.',
      metric: metricOf(METRICS.oldestRequestAge, 'Maximum', FIVE_MINUTES),
      threshold: 900,
      periods: 3,
      missing: BREACHING,
    },
    {
      id: 'rejections',
      description:
        'Ten or more requests were rejected within an hour: a cluster record is wrong, or this is an attack.',
      metric: metricOf(METRICS.rejected, 'Sum', HOUR),
      threshold: 10,
    },
    {
      id: 'approvals-waiting',
      description: 'A request has been waiting for an approver for an hour: run cakeless pending.',
      metric: metricOf(METRICS.oldestApprovalAge, 'Maximum', FIVE_MINUTES),
      threshold: 3600,
    },
    {
      id: 'kms-throttled',
      description: 'KMS throttles sign: raise its quota, or lower maxConcurrency.',
      metric: metricOf(METRICS.kmsThrottled, 'Sum', FIVE_MINUTES),
      threshold: 10,
    },
    {
      id: 'failure',
      description:
        'A request failed permanently, because of permissions, a malformed document or a bug. See the log of sign.',
      metric: metricOf(METRICS.failure, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
    {
      id: 'private-key-uploaded',
      description:
        'An object was deleted from the exchange bucket: it contained a private key, or could not be inspected.',
      metric: metricOf(METRICS.objectRemoved, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
    {
      id: 'request-overwritten',
      description:
        'A request was overwritten after it was decided, although the bucket policy denies it.',
      metric: metricOf(METRICS.requestOverwritten, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
    {
      id: 'record-misfit',
      description:
        'Possible security incident: a record fits neither its request nor its profile or approval, and was not signed. The log of sign says why.',
      metric: metricOf(METRICS.recordMisfit, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
    ...[METRICS.unprovenEvent, METRICS.unprovenWake].map((metric) => ({
      id: `${metric.service}-invoked-by-others`,
      description: `Possible security incident: ${metric.service} was handed messages that are not in its queue, and ignored them. CloudTrail names who called Invoke.`,
      metric: metricOf(metric, 'Sum', FIVE_MINUTES),
      threshold: 1,
    })),
    {
      id: 'signature-without-record',
      description:
        'Security incident: a CA key signed something that has no record. The log of watch-signatures names the caller.',
      metric: metricOf(METRICS.signatureWithoutRecord, 'Sum', FIVE_MINUTES),
      threshold: 1,
    },
  ];
}

/** These metrics are written once a day. The periods move with each evaluation, so one late run raises no alarm. */
function expiryPlans(): AlarmPlan[] {
  return [
    {
      id: 'daily-check-missing',
      description:
        'The daily check for expiring certificates has not run for two days: see the log of reconcile. Normal until the first check after a deployment.',
      metric: metricOf(METRICS.certificatesNearExpiry, 'SampleCount', DAY),
      threshold: 0,
      atMost: true,
      periods: 2,
      missing: BREACHING,
    },
    {
      id: 'certificates-near-expiry',
      description:
        'Certificates expire soon and have not been renewed. The log of reconcile names them.',
      metric: metricOf(METRICS.certificatesNearExpiry, 'Maximum', DAY),
      threshold: 1,
    },
    {
      id: 'certificates-expired',
      description:
        'Certificates have expired without being renewed: a control plane may be down. The log of reconcile names them.',
      metric: metricOf(METRICS.certificatesExpired, 'Maximum', DAY),
      threshold: 1,
    },
    {
      id: 'ca-near-expiry',
      description:
        'A CA expires within a year. Nodes and clients must trust its successor well before that.',
      metric: metricOf(METRICS.caDaysLeft, 'Minimum', DAY),
      threshold: 365,
      atMost: true,
      // there is no data while there is no cluster
      missing: IGNORE,
    },
  ];
}

function functionPlans(service: CakelessService): AlarmPlan[] {
  return service.functions.flatMap(({ name, function: watched }) => [
    {
      id: `${name}-errors`,
      description: `The function ${name} failed, or ran out of time or memory.`,
      metric: perFiveMinutes(watched, 'Errors'),
      threshold: 1,
    },
    {
      id: `${name}-throttles`,
      description: `The function ${name} could not run: all concurrent executions of the account are in use.`,
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
      description: `Nothing was issued for ${days} days: check that nodes upload and that sign is called.`,
      metric: metricOf(METRICS.issued, 'Sum', DAY),
      threshold: 0,
      atMost: true,
      periods: days,
      missing: BREACHING,
    },
  ];
}
