import { requestApprovalKey } from '../../lib/contract/approvals.ts';
import type { InMemoryService } from './in-memory-service.ts';

/** Writes what an approver's command writes, and processes the event that follows. */
export async function approve(
  memory: InMemoryService,
  key: string,
  decision: 'approve' | 'deny' = 'approve',
) {
  writeApproval(memory, key, decision);
  return memory.process(key, undefined);
}

export function writeApproval(
  memory: InMemoryService,
  key: string,
  decision: 'approve' | 'deny' = 'approve',
): void {
  const { csrSha256, trustDomain, validitySeconds } = memory.outcome(key).pending ?? {};
  const approval = {
    request: key,
    csrSha256,
    trustDomain,
    validitySeconds,
    decision,
    reason: 'asked by ticket 4711',
    approver: 'alice',
    decidedAt: memory.now.toISOString(),
  };
  memory.authority.seed(requestApprovalKey(key, String(csrSha256)), JSON.stringify(approval));
}
