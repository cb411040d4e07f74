/**
 * The metrics of the functions, in CloudWatch's embedded metric format: written by functions, read by infra for alarms
 * and dashboard. docs/metrics.md tells what to do about each.
 */

/** Namespace of all metrics. Their one dimension is `service`. */
export const METRICS_NAMESPACE = 'Cakeless';

/** What stands in the dimension `service`: a function's name without its prefix. */
export type ServiceName = 'sign' | 'create-ca' | 'reconcile' | 'watch-signatures';

export interface Metric {
  readonly name: string;
  /** CloudWatch knows no unit of days: those are `None`. */
  readonly unit: 'Count' | 'Seconds' | 'None';
  /** The one function that writes it. */
  readonly service: ServiceName;
}

export const METRICS = {
  /** Certificates given to nodes; a wake-up that finds the certificate there already counts again. Count, by sign. */
  issued: { name: 'Issued', unit: 'Count', service: 'sign' },
  /** Requests refused, counted as `issued` is. Count, by sign. */
  rejected: { name: 'Rejected', unit: 'Count', service: 'sign' },
  /** Wake-ups that found a request still waiting for an approver. Count, by sign. */
  pending: { name: 'Pending', unit: 'Count', service: 'sign' },
  /** Wake-ups about what is no request. Count, by sign. */
  ignored: { name: 'Ignored', unit: 'Count', service: 'sign' },
  /** Objects taken out of the exchange bucket: a private key in them, or too large to look into. Count, by sign. */
  objectRemoved: { name: 'ObjectRemoved', unit: 'Count', service: 'sign' },
  /** Requests that were written over after they were decided. Count, by sign. */
  requestOverwritten: { name: 'RequestOverwritten', unit: 'Count', service: 'sign' },
  /** Runs that end in a fault that passes: the message comes back. Count, by sign. */
  passingFault: { name: 'PassingFault', unit: 'Count', service: 'sign' },
  /** Runs that end in a fault that needs a person: the message becomes a dead letter. Count, by sign. */
  failure: { name: 'Failure', unit: 'Count', service: 'sign' },
  /** Answers of KMS that it is asked too often, those included that the SDK's own retry made good. Count, by sign. */
  kmsThrottled: { name: 'KmsThrottled', unit: 'Count', service: 'sign' },
  /** Trust domains made; 0 where it was there already. Count, by create-ca. */
  trustDomainCreated: { name: 'TrustDomainCreated', unit: 'Count', service: 'create-ca' },
  /** Requests queued again in one run. Count, by reconcile. */
  requeued: { name: 'Requeued', unit: 'Count', service: 'reconcile' },
  /** Requests that one run left for the next, since it queues only so many. Count, by reconcile. */
  notRequeued: { name: 'NotRequeued', unit: 'Count', service: 'reconcile' },
  /** Requests that wait for an approver now. Count, by reconcile. */
  approvalsWaiting: { name: 'ApprovalsWaiting', unit: 'Count', service: 'reconcile' },
  /** How long the oldest of them has been waiting; 0 if none is. Seconds, by reconcile. */
  oldestApprovalAge: { name: 'OldestApprovalAge', unit: 'Seconds', service: 'reconcile' },
  /** Age of the oldest request that has no outcome and waits for nobody; 0 if there is none. Seconds, by reconcile. */
  oldestRequestAge: { name: 'OldestRequestAge', unit: 'Seconds', service: 'reconcile' },
  /** Certificates that expire soon and are not renewed. Count, by reconcile, once a day. */
  certificatesNearExpiry: { name: 'CertificatesNearExpiry', unit: 'Count', service: 'reconcile' },
  /** Certificates that expired lately and were not renewed. Count, by reconcile, once a day. */
  certificatesExpired: { name: 'CertificatesExpired', unit: 'Count', service: 'reconcile' },
  /** Days until the first of the CAs that sign for a cluster expires. Whole days, by reconcile, once a day. */
  caDaysLeft: { name: 'CaDaysLeft', unit: 'None', service: 'reconcile' },
  /** Uses of a CA key that no record stands for. Count, by watch-signatures. */
  signatureWithoutRecord: {
    name: 'SignatureWithoutRecord',
    unit: 'Count',
    service: 'watch-signatures',
  },
} as const satisfies Record<string, Metric>;
