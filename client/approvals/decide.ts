/** An approver's decision about one pending request. */

import {
  type RequestApproval,
  requestApprovalKey,
  requestApprovalSchema,
} from '../../lib/contract/approvals.ts';
import type { PendingDocument } from '../../lib/contract/outcomes.ts';
import {
  completeRequestKey,
  parseRequestKey,
  type RequestAddress,
} from '../../lib/contract/request-key.ts';
import { formatDocument, JSON_TYPE, readDocument } from '../../lib/store/documents.ts';
import type { Buckets } from '../buckets.ts';
import { CommandError } from '../errors.ts';
import { requirePending } from './pending.ts';

export interface Decision {
  readonly decision: RequestApproval['decision'];
  readonly reason: string;
  /** `aws:userid` of the approver: IAM lets an approver write only keys that end in it. */
  readonly approver: string;
}

export interface Decided {
  readonly address: RequestAddress;
  readonly certificateName: PendingDocument['certificateName'];
}

/**
 * Records the decision; the same decision again changes nothing.
 * @param request its key, with or without the `requests/` prefix
 * @throws CommandError if the request is not pending, or was decided differently
 */
export async function decide(
  buckets: Buckets,
  request: string,
  { decision, reason, approver }: Decision,
  now: Date,
): Promise<Decided> {
  const address = addressOf(request);
  const pending = await requirePending(await buckets.exchange(), address);
  const { certificateName, planDigest } = pending;
  const approval: RequestApproval = {
    request: address.key,
    planDigest,
    decision,
    reason,
    decidedAt: now.toISOString(),
  };
  const authority = await buckets.authority();
  const key = requestApprovalKey(address.key, planDigest, approver);
  const created = await authority.create(key, formatDocument(approval), JSON_TYPE);
  if (created !== 'created')
    checkSame(await readDocument(authority, key, requestApprovalSchema), approval);
  return { address, certificateName };
}

function addressOf(request: string): RequestAddress {
  const address = parseRequestKey(completeRequestKey(request));
  if (address) return address;
  throw new CommandError(
    'usage',
    `${request}: not the key of a request`,
    'run cakeless pending to list the requests that need approval',
  );
}

/** @throws CommandError if the recorded decision is not the requested one, or approves something else */
function checkSame(recorded: RequestApproval | undefined, wanted: RequestApproval): void {
  const { request, decision } = wanted;
  const fail = (problem: string): never => {
    throw new CommandError(
      'usage',
      `${request}: ${problem}`,
      'a decision is final: upload the CSR again under a new request id',
    );
  };
  if (recorded?.decision !== decision) fail(`you already decided: ${recorded?.decision}`);
}
