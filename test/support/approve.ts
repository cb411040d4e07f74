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

export function writeApproval(
  memory: InMemoryService,
  key: string,
  decision: 'approve' | 'deny' = 'approve',
  approver = ALICE,
): void {
  const planDigest = String(memory.outcome(key).pending?.planDigest);
  const approval = {
    request: key,
    planDigest,
    decision,
    reason: 'asked by ticket 4711',
    decidedAt: memory.now.toISOString(),
  };
  memory.authority.seed(requestApprovalKey(key, planDigest, approver), JSON.stringify(approval));
}
