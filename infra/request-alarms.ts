/** Alarms about requests, certificates and CAs, from the metrics of the functions. */
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS } from '../lib/metric-names.ts';
import { type AlarmPlan, DAY, FIVE_MINUTES, HOUR, metricOf } from './alarm-plan.ts';

const { BREACHING, IGNORE } = TreatMissingData;

export function requestPlans(): AlarmPlan[] {
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
      id: 'cluster-record-malformed',
      description:
        'A cluster record cannot be read: its cluster gets no certificates, and kubelets of its trust domain, or of all of them, no serving certificates. The log of reconcile names its key.',
      metric: metricOf(METRICS.recordsMalformed, 'Maximum', FIVE_MINUTES),
      threshold: 1,
      // a run that comes a little late says nothing about records
      missing: IGNORE,
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

/** Nodes renew a year's certificate over months, but a phase that nobody follows is a half-finished change of trust. */
const ROTATION_DAYS = 30;

/** These metrics are written once a day. The periods move with each evaluation, so one late run raises no alarm. */
export function expiryPlans(): AlarmPlan[] {
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
    {
      id: 'ca-without-successor',
      description:
        'A CA expires within two years, and is not being rotated: renew it with the same key (cakeless trust-domain renew), or rotate it. The log of reconcile names it.',
      metric: metricOf(METRICS.casWithoutSuccessor, 'Maximum', DAY),
      threshold: 1,
    },
    {
      id: 'rotation-stands-still',
      description: `A rotation of a CA has been in the same phase for ${ROTATION_DAYS} days. The log of reconcile names it; cakeless trust-domain rotation says what is missing.`,
      metric: metricOf(METRICS.rotationDays, 'Maximum', DAY),
      threshold: ROTATION_DAYS,
    },
    {
      id: 'trust-misfit',
      description:
        'What nodes read of a trust domain was not what its document says: a call of create-ca was interrupted, or someone has written to the exchange bucket. The log of reconcile names the objects; it has published them again.',
      metric: metricOf(METRICS.trustMisfit, 'Maximum', DAY),
      threshold: 1,
    },
    {
      id: 'ca-key-on-node',
      description:
        'A CA was adopted two weeks ago or earlier, and its key may still be on nodes: a node reports CA keys or a kube-controller-manager that signs, or a control plane has written no report for a week. The log of reconcile names cluster and node.',
      metric: metricOf(METRICS.caKeysOnNodes, 'Maximum', DAY),
      threshold: 1,
    },
  ];
}

export function stoppedPlans(days: number | undefined): AlarmPlan[] {
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

export function silentPlans(
  hoursOf: Readonly<Record<string, number | undefined>> = {},
): AlarmPlan[] {
  return Object.entries(hoursOf).flatMap(([cluster, hours]) =>
    hours === undefined
      ? []
      : [
          {
            id: `csr-signing-silent-${cluster}`,
            description: `No CSR of the certificates API of cluster ${cluster} was signed for ${hours} hours: check its forwarders (systemctl status cakeless-csrsigning), and whether its record still has csrSigning.`,
            metric: metricOf(METRICS.csrIssued, 'Sum', HOUR, cluster),
            threshold: 0,
            atMost: true,
            periods: hours,
            missing: BREACHING,
          },
        ],
  );
}
