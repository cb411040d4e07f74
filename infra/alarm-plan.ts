/** What an alarm watches, and the metrics that several of them use. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS_NAMESPACE, type Metric } from '../lib/metric-names.ts';

export const MINUTE = Duration.minutes(1);
export const FIVE_MINUTES = Duration.minutes(5);
export const HOUR = Duration.hours(1);
export const DAY = Duration.days(1);

export interface AlarmPlan {
  readonly id: string;
  /** What is wrong, and where to look. */
  readonly description: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  readonly atMost?: boolean;
  readonly periods?: number;
  /** What missing data means. @default nothing is wrong */
  readonly missing?: cloudwatch.TreatMissingData;
}

/**
 * A metric of the functions. The statistic of gauges is their maximum, that of counts their sum.
 * @param cluster for a metric that each cluster has
 */
export function metricOf(
  { name, service }: Metric,
  statistic: 'Sum' | 'Maximum' | 'Minimum' | 'SampleCount',
  period: Duration,
  cluster?: string,
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS_NAMESPACE,
    metricName: name,
    dimensionsMap: { ...(cluster !== undefined && { cluster }), service },
    statistic,
    period,
  });
}
