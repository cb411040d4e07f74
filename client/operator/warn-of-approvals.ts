/** Warns which approvals a changed record no longer requires, so that reviewers notice. */
import type { ClusterRecordDocument } from '../../lib/contract/cluster-record.ts';

type Document = Partial<ClusterRecordDocument>;

/** @returns undefined if every approval that was required still is */
export function describeFewerApprovals(before: Document, after: Document): string | undefined {
  const fewer = [...ofNames(before, after), ...ofCount(before, after), ...ofUsers(before, after)];
  return fewer.length === 0
    ? undefined
    : `warning: fewer approvals are required: ${fewer.join('; ')}`;
}

function ofNames(before: Document, after: Document): string[] {
  const dropped = (before.approvalRequired ?? []).filter(
    (name) => !after.approvalRequired?.includes(name),
  );
  return dropped.length === 0 ? [] : [`approvalRequired no longer lists ${dropped.join(', ')}`];
}

function ofCount(before: Document, after: Document): string[] {
  const [old, now] = [before.requiredApprovals ?? 1, after.requiredApprovals ?? 1];
  return now < old ? [`requiredApprovals is ${now}, and was ${old}`] : [];
}

function ofUsers({ users: before }: Document, { users: after }: Document): string[] {
  // without the rule, no user gets a certificate, so a new rule relaxes nothing
  if (!before || !after) return [];
  const [old, now] = [before.approvers ?? [], after.approvers ?? []];
  const added = now.filter((approver) => !old.includes(approver));
  return [
    ...(before.approvalRequired !== false && after.approvalRequired === false
      ? ['users.approvalRequired is false']
      : []),
    ...(old.length > 0 && now.length === 0
      ? ['users.approvers is empty: an approval by anyone who may write approvals counts']
      : []),
    ...(old.length > 0 && added.length > 0 ? [`users.approvers adds ${added.join(', ')}`] : []),
  ];
}
