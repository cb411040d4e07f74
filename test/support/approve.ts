import { requestApprovalKey } from '../../lib/contract/approvals.ts';
import type { InMemoryService } from './in-memory-service.ts';

/** `aws:userid` of an approver. */
export const ALICE = 'AROAAPPROVER:alice';

/** Writes what an approver's command writes, and processes the event that follows. */
export async function approve(
  memory: InMemoryService,
  key: string,
  decision: 'approve' | 'deny' = 'approve',
  approver = ALICE,
) {
  writeApproval(memory, key, decision, approver);
  return memory.process(key, undefined);
}

/** @returns the key of the approval */
export function writeApproval(
  memory: InMemoryService,
  key: string,
  decision: 'approve' | 'deny' = 'approve',
  approver = ALICE,
): string {
  const planDigest = String(memory.outcome(key).pending?.planDigest);
  const approval = {
    request: key,
    planDigest,
    decision,
    reason: 'asked by ticket 4711',
    decidedAt: memory.now.toISOString(),
  };
  const approvalKey = requestApprovalKey(key, planDigest, approver);
  memory.authority.seed(approvalKey, JSON.stringify(approval));
  return approvalKey;
}
