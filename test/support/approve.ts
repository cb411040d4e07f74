import { requestApprovalKey } from '../../lib/contract/approvals.ts';
import type { Workshop } from './workshop.ts';

/** Writes what an approver's command writes, and processes the event that follows. */
export async function approve(
  workshop: Workshop,
  key: string,
  decision: 'approve' | 'deny' = 'approve',
) {
  writeApproval(workshop, key, decision);
  return workshop.process(key, undefined);
}

export function writeApproval(
  workshop: Workshop,
  key: string,
  decision: 'approve' | 'deny' = 'approve',
): void {
  const { csrSha256, trustDomain, validitySeconds } = workshop.outcome(key).pending ?? {};
  const approval = {
    request: key,
    csrSha256,
    trustDomain,
    validitySeconds,
    decision,
    reason: 'asked by ticket 4711',
    approver: 'alice',
    decidedAt: workshop.now.toISOString(),
  };
  workshop.authority.seed(requestApprovalKey(key, String(csrSha256)), JSON.stringify(approval));
}
