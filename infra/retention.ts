import { RetentionDays } from 'aws-cdk-lib/aws-logs';

/** CloudWatch accepts certain numbers of days only. @throws Error that lists them */
export function retentionOf(days = 365): RetentionDays {
  const known = Object.values(RetentionDays).filter((value) => typeof value === 'number');
  const retention = known.find((value) => value === days);
  if (retention !== undefined) return retention as RetentionDays;
  throw new Error(`logRetentionDays is ${days}; allowed: ${known.join(', ')}`);
}
