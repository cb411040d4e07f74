/**
 * AWS's public prices in US dollars for us-east-1, without free tiers, from the pages named here in November 2026.
 * Other regions differ by a few percent.
 */
export const PRICES = {
  /** https://aws.amazon.com/kms/pricing/ */
  kmsKeyMonth: 1,
  kmsSignEcc: 0.15 / 10_000,
  /** https://aws.amazon.com/s3/pricing/ : PUT, COPY, POST, LIST; then GET and all others. Deletes are free. */
  s3Put: 0.005 / 1_000,
  s3Get: 0.0004 / 1_000,
  /** https://aws.amazon.com/sqs/pricing/ : standard queue */
  sqsRequest: 0.4 / 1_000_000,
  /** https://aws.amazon.com/lambda/pricing/ : Arm */
  lambdaRequest: 0.2 / 1_000_000,
  lambdaGbSecond: 0.0000133334,
  /** https://aws.amazon.com/cloudwatch/pricing/ */
  alarmMonth: 0.1,
  metricMonth: 0.3,
  dashboardMonth: 3,
  logGb: 0.5,
  /** https://aws.amazon.com/private-ca/pricing/ : general-purpose mode, and its price tiers by certificates per month */
  privateCaMonth: 400,
  privateCaCertificates: [
    { upTo: 1_000, each: 0.75 },
    { upTo: 10_000, each: 0.35 },
    { upTo: Number.POSITIVE_INFINITY, each: 0.001 },
  ],
} as const;
