/**
 * The metrics of the functions, in CloudWatch's embedded metric format. infra creates alarms and the dashboard from
 * this list; docs/metrics.md says what to do about each metric.
 */

/** Namespace of all metrics. Their dimension is `service`; a metric of each cluster has `cluster`, too. */
export const METRICS_NAMESPACE = 'Cakeless';

/** Value of the dimension `service`: a function's name without its prefix. */
export type ServiceName = 'triage' | 'sign' | 'create-ca' | 'reconcile' | 'watch-signatures';

export interface Metric {
  readonly name: string;
  /** CloudWatch has no unit for days: those are `None`. */
  readonly unit: 'Count' | 'Seconds' | 'None';
  /** The one function that writes it. */
  readonly service: ServiceName;
  /** There is one for each cluster, by the dimension `cluster`. @default false */
  readonly perCluster?: true;
}

export const METRICS = {
  /** Events that were handed to triage, but are not in its queue. Count, by triage. */
  unprovenEvent: { name: 'UnprovenEvent', unit: 'Count', service: 'triage' },
  /** Events about objects that are neither uploads nor approvals of requests. Count, by triage. */
  eventDropped: { name: 'EventDropped', unit: 'Count', service: 'triage' },
  /** Certificates published to nodes; a wake-up for a certificate that already exists counts again. Count, by sign. */
  issued: { name: 'Issued', unit: 'Count', service: 'sign' },
  /**
   * Certificates published for CSRs of the certificates API, counted as `issued` is; for each cluster. Count, by
   * sign.
   */
  csrIssued: { name: 'CsrIssued', unit: 'Count', service: 'sign', perCluster: true },
  /** Requests rejected, counted as `issued` is. Count, by sign. */
  rejected: { name: 'Rejected', unit: 'Count', service: 'sign' },
  /** Rejections without a record, because the budget of the day was used up. Count, by sign. */
  overBudget: { name: 'OverBudget', unit: 'Count', service: 'sign' },
  /** Wake-ups after which the request still needs approval. Count, by sign. */
  pending: { name: 'Pending', unit: 'Count', service: 'sign' },
  /** Wake-ups for objects that are not requests. Count, by sign. */
  ignored: { name: 'Ignored', unit: 'Count', service: 'sign' },
  /**
   * Objects deleted from the exchange bucket: they contained a private key, or could not be inspected. Count, by
   * sign.
   */
  objectRemoved: { name: 'ObjectRemoved', unit: 'Count', service: 'sign' },
  /** Requests that were overwritten after they were decided. Count, by sign. */
  requestOverwritten: { name: 'RequestOverwritten', unit: 'Count', service: 'sign' },
  /** Records that do not fit their request, and were not signed: they may be forged. Count, by sign. */
  recordMisfit: { name: 'RecordMisfit', unit: 'Count', service: 'sign' },
  /** Transient faults: SQS redelivers the message. Count, by sign. */
  transientFault: { name: 'TransientFault', unit: 'Count', service: 'sign' },
  /** Faults that need a person: the message goes to the dead-letter queue. Count, by sign. */
  failure: { name: 'Failure', unit: 'Count', service: 'sign' },
  /** Messages that were handed to sign, but are not in its queue. Count, by sign. */
  unprovenWake: { name: 'UnprovenWake', unit: 'Count', service: 'sign' },
  /** Throttling errors from KMS, including those that the SDK's retry recovered from. Count, by sign. */
  kmsThrottled: { name: 'KmsThrottled', unit: 'Count', service: 'sign' },
  /** Trust domains created; 0 if the trust domain already existed. Count, by create-ca. */
  trustDomainCreated: { name: 'TrustDomainCreated', unit: 'Count', service: 'create-ca' },
  /** Requests queued again in one run. Count, by reconcile. */
  requeued: { name: 'Requeued', unit: 'Count', service: 'reconcile' },
  /** Requests that a run left for the next one, because it queues only a limited number. Count, by reconcile. */
  notRequeued: { name: 'NotRequeued', unit: 'Count', service: 'reconcile' },
  /** Clusters and nodes with more objects than one run looks at; the next run continues there. Count, by reconcile. */
  continued: { name: 'Continued', unit: 'Count', service: 'reconcile' },
  /** Requests that need approval now. Count, by reconcile. */
  approvalsWaiting: { name: 'ApprovalsWaiting', unit: 'Count', service: 'reconcile' },
  /** How long the oldest of them has been pending; 0 if no request is. Seconds, by reconcile. */
  oldestApprovalAge: { name: 'OldestApprovalAge', unit: 'Seconds', service: 'reconcile' },
  /** Age of the oldest request without any outcome; 0 if every request has one. Seconds, by reconcile. */
  oldestRequestAge: { name: 'OldestRequestAge', unit: 'Seconds', service: 'reconcile' },
  /** Cluster records that cannot be read. Count, by reconcile. */
  recordsMalformed: { name: 'RecordsMalformed', unit: 'Count', service: 'reconcile' },
  /** Certificates that expire soon and have not been renewed. Count, by reconcile, once a day. */
  certificatesNearExpiry: { name: 'CertificatesNearExpiry', unit: 'Count', service: 'reconcile' },
  /** Certificates that expired recently without having been renewed. Count, by reconcile, once a day. */
  certificatesExpired: { name: 'CertificatesExpired', unit: 'Count', service: 'reconcile' },
  /** Whole days until the first of the CAs that sign for clusters, or of those above, expires. By reconcile, once a day. */
  caDaysLeft: { name: 'CaDaysLeft', unit: 'None', service: 'reconcile' },
  /** CAs that sign for clusters, end within two years, and are not being rotated. Count, by reconcile, once a day. */
  casWithoutSuccessor: { name: 'CasWithoutSuccessor', unit: 'Count', service: 'reconcile' },
  /**
   * Whole days since the present phase of a rotation began, of the one that has been in its phase for longest; 0 without a
   * rotation. By reconcile, once a day.
   */
  rotationDays: { name: 'RotationDays', unit: 'None', service: 'reconcile' },
  /**
   * Objects that nodes read of trust domains and that were not what the documents of these say. Count, by reconcile, once a
   * day.
   */
  trustMisfit: { name: 'TrustMisfit', unit: 'Count', service: 'reconcile' },
  /**
   * Nodes that report CA keys long after these were adopted, and control planes that report nothing. Count, by reconcile,
   * once a day.
   */
  caKeysOnNodes: { name: 'CaKeysOnNodes', unit: 'Count', service: 'reconcile' },
  /** Uses of a CA key that no record accounts for. Count, by watch-signatures. */
  signatureWithoutRecord: {
    name: 'SignatureWithoutRecord',
    unit: 'Count',
    service: 'watch-signatures',
  },
} as const satisfies Record<string, Metric>;
