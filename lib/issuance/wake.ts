import type { DecisionRecord } from '../contract/decision-record.ts';

/** One wake-up for one request: by an upload, by an approval, or by the reconcile function. */
export interface Wake {
  readonly key: string;
  /** Who uploaded, and the ETag of what was uploaded; undefined if no upload event states it. */
  readonly uploader?: string | undefined;
  readonly eTag?: string | undefined;
}

export interface Processed {
  /** `ignored`: not a request, or no such object; everything else is what the node can read now. */
  readonly outcome: 'issued' | 'rejected' | 'pending' | 'ignored';
  readonly reason?: string;
  readonly record?: DecisionRecord;
  /** Why the record was not signed: it may be forged. The request was rejected. */
  readonly misfits?: readonly string[];
  /** The budget was used up: the request was rejected without a record. */
  readonly overBudget?: boolean;
  /** The object contained a private key, or could not be inspected, and was deleted from the bucket. */
  readonly removed?: boolean;
  /** The object is not the one that was decided on: the request was overwritten. */
  readonly overwritten?: boolean;
}
