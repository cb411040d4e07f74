import { describeFewerApprovals } from '../../../client/operator/warn-of-approvals.ts';

type Document = Parameters<typeof describeFewerApprovals>[0];

it.each<[string, Document, Document, string | undefined]>([
  ['nothing changes', { requiredApprovals: 2 }, { requiredApprovals: 2 }, undefined],
  ['more are required', {}, { requiredApprovals: 2, approvalRequired: ['admin.conf'] }, undefined],
  ['users are allowed for the first time', {}, { users: { approvalRequired: false } }, undefined],
  ['users are no longer allowed', { users: { approvers: ['a'] } }, {}, undefined],
  [
    'fewer approvers have to approve',
    { requiredApprovals: 3 },
    { requiredApprovals: 2 },
    'requiredApprovals is 2, and was 3',
  ],
  [
    'a certificate name needs none',
    { approvalRequired: ['admin.conf', 'apiserver'] },
    { approvalRequired: ['apiserver'] },
    'approvalRequired no longer lists admin.conf',
  ],
  [
    'users need none',
    { users: {} },
    { users: { approvalRequired: false } },
    'users.approvalRequired is false',
  ],
  [
    'others may approve users',
    { users: { approvers: ['AWS:A'] } },
    { users: { approvers: ['AWS:A', 'AWS:B'] } },
    'users.approvers adds AWS:B',
  ],
  [
    'anyone may approve users',
    { users: { approvers: ['AWS:A'] } },
    { users: {} },
    'users.approvers is empty: an approval by anyone who may write approvals counts',
  ],
])('if %s', (_, before, after, fewer) => {
  const expected = fewer && `warning: fewer approvals are required: ${fewer}`;
  expect(describeFewerApprovals(before, after)).toBe(expected);
});
