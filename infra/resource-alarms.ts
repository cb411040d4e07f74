/** Alarms about the resources themselves: what guards them, queues and functions. */
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { type AlarmPlan, FIVE_MINUTES, MINUTE } from './alarm-plan.ts';
import type { CakelessService } from './cakeless-service.ts';

export function guardPlans({ guardWatch }: CakelessService): AlarmPlan[] {
  return [
    {
      id: 'guards-changed',
      description:
        'Someone changed what keeps others from signing: a policy or setting of a bucket, key, function or role, or the key material of a CA. Deployments and adoptions do this too. The log group …-guards-… has the calls.',
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

export function queuePlans({ queues }: CakelessService): AlarmPlan[] {
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

export function functionPlans(service: CakelessService): AlarmPlan[] {
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
