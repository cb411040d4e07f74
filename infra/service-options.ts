import type { ServiceName } from '../lib/metric-names.ts';

/** Options of a service that constructs and configurations have in common. */
export interface ServiceOptions {
  /** First part of the names of buckets, functions and roles; two services in one account need two. @default cakeless */
  readonly namePrefix?: string | undefined;
  /** Concurrent runs of the sign function, 2 or more; it limits the rate of calls to KMS. @default 5 */
  readonly maxConcurrency?: number | undefined;
  /**
   * Concurrency to reserve, by function. A new account has 10 concurrent executions in total, and a reservation fails
   * there. @default none
   */
  readonly reservedConcurrency?: Partial<Record<ServiceName, number>> | undefined;
  /** ARN of a symmetric KMS key that encrypts logs and the environment of functions. @default keys of AWS */
  readonly encryptionKeyArn?: string | undefined;
}
