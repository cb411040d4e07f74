import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { METRICS, METRICS_NAMESPACE, type Metric } from '../lib/metric-names.ts';
import { metricOf } from './alarm-plan.ts';
import type { Alarms } from './alarms.ts';
import type { CakelessService } from './cakeless-service.ts';

export interface DashboardProps {
  readonly service: CakelessService;
  readonly alarms: Alarms;
}

const FIVE_MINUTES = Duration.minutes(5);
const WIDTH = 8;

/** One page: health, traffic, what waits, what expires. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { service, alarms }: DashboardProps) {
    super(scope, id);
    const { queues } = service;
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `${service.namePrefix}-${Stack.of(this).region}`,
      defaultInterval: Duration.days(7),
      widgets: [
        [
          new cloudwatch.AlarmStatusWidget({
            title: 'Alarms',
            width: 24,
            alarms: [...alarms.alarms],
          }),
        ],
        [
          graph('Outcomes', counts(METRICS.issued, METRICS.rejected, METRICS.pending)),
          graph('Faults', counts(METRICS.transientFault, METRICS.failure, METRICS.kmsThrottled)),
          graph(
            'Incidents',
            counts(
              METRICS.signatureWithoutRecord,
              METRICS.recordMisfit,
              METRICS.objectRemoved,
              METRICS.requestOverwritten,
            ),
          ),
        ],
        [
          graph('Waiting', gauges(METRICS.approvalsWaiting)),
          graph('Oldest, seconds', gauges(METRICS.oldestRequestAge, METRICS.oldestApprovalAge)),
          graph('Queue', [
            queues.uploads.metricApproximateNumberOfMessagesVisible({ label: 'uploads' }),
            queues.requests.metricApproximateNumberOfMessagesVisible({ label: 'requests' }),
            queues.deadLetters.metricApproximateNumberOfMessagesVisible({
              label: 'dead letters',
            }),
          ]),
        ],
        [
          graph(
            'Certificates',
            gauges(
              METRICS.certificatesNearExpiry,
              METRICS.certificatesExpired,
              METRICS.caKeysOnNodes,
              METRICS.casWithoutSuccessor,
              METRICS.rotationDays,
            ),
          ),
          graph('Days until the first CA expires', [
            metricOf(METRICS.caDaysLeft, 'Minimum', Duration.days(1)),
          ]),
          graph(
            'Duration of functions, p99',
            service.functions.map(({ name, function: watched }) =>
              watched.metricDuration({ statistic: 'p99', label: name }),
            ),
          ),
        ],
        [
          // finds the clusters that have the metric: the stack need not know them
          graph('CSRs of the certificates API, signed', [
            new cloudwatch.MathExpression({
              expression: `SEARCH('{${METRICS_NAMESPACE},cluster,service} MetricName="${METRICS.csrIssued.name}"', 'Sum', ${FIVE_MINUTES.toSeconds()})`,
              usingMetrics: {},
              label: '',
              period: FIVE_MINUTES,
            }),
          ]),
          graph('What nodes read below trust/: wrong, missing or unknown objects', [
            metricOf(METRICS.trustMisfit, 'Maximum', Duration.days(1)),
          ]),
        ],
      ],
    });
  }
}

function graph(title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width: WIDTH });
}

const counts = (...metrics: Metric[]) =>
  metrics.map((metric) => metricOf(metric, 'Sum', FIVE_MINUTES));
const gauges = (...metrics: Metric[]) =>
  metrics.map((metric) => metricOf(metric, 'Maximum', FIVE_MINUTES));
