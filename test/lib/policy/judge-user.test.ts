/** Which user gets which certificate. */
import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../../lib/cluster/record-schema.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { judgeUserRequest } from '../../../lib/policy/judge-user.ts';
import { PROFILES } from '../../../lib/profiles/profiles.ts';
import type { ViolationCode } from '../../../lib/refusal/violation.ts';
import * as csr from '../../support/csr-builder.ts';
import { recordDocument } from '../../support/csr-builder-cluster.ts';
import { testKey } from '../../support/csr-builder-keys.ts';

type Users = ClusterRecordDocument['users'];

interface Case {
  readonly cn?: string | Uint8Array;
  readonly o?: readonly string[];
  readonly names?: Uint8Array;
  readonly users?: Users;
  readonly record?: Partial<ClusterRecordDocument>;
  readonly period?: string;
  readonly uploader?: string;
}

const RULE: Users = { organizations: ['team-a', 'system:masters'], maxValidityPeriod: '24h' };

function judge({
  cn = 'jane@example.com',
  o = [],
  names,
  record,
  period,
  uploader,
  ...rest
}: Case) {
  const users = 'users' in rest ? rest.users : RULE;
  const parsed = parseClusterRecord({ ...recordDocument, ...record, ...(users && { users }) });
  if (!parsed.record) throw new Error(parsed.problems.join());
  const bytes = csr.buildCsr({
    key: testKey('p-256'),
    subject: csr.name(...o.map((one) => [csr.O, csr.utf8(one)] as const), [
      csr.CN,
      typeof cn === 'string' ? csr.utf8(cn) : cn,
    ]),
    ...(names && { attributes: csr.withNames(names) }),
  });
  const context = { record: parsed.record, uploader, validityPeriod: period };
  return judgeUserRequest(readRequest(bytes), context);
}

it.each<[string, Case, ViolationCode[]]>([
  ['a user without a group is accepted', {}, []],
  ['a listed group is accepted', { o: ['team-a'] }, []],
  ['a record without a rule lets nobody in', { users: undefined }, ['users-not-allowed']],
  ['a group that is not listed is refused', { o: ['team-b'] }, ['user-organization']],
  ['a group in another case is refused', { o: ['Team-A'] }, ['user-organization']],
  [
    'a group of kubeadm is refused unless listed',
    { o: ['kubeadm:cluster-admins'] },
    ['user-organization'],
  ],
  [
    'a group of kubeadm is accepted where it is listed',
    { o: ['kubeadm:cluster-admins'], users: { organizations: ['kubeadm:cluster-admins'] } },
    [],
  ],
  ['system:masters is accepted where it is listed', { o: ['system:masters'] }, []],
  [
    'system:masters is refused where it is not',
    { o: ['system:masters'], users: {} },
    ['user-organization'],
  ],
  ['the nodes are no group for users', { o: ['system:nodes'] }, ['user-organization']],
  [
    'all users that logged in are no group either',
    { o: ['system:authenticated'] },
    ['user-organization'],
  ],
  ['a time at the limit is accepted', { period: '24h' }, []],
  ['a time over the limit is refused, not cut', { period: '24h0m1s' }, ['validity-period']],
  ['a time in days is refused', { period: '1d' }, ['validity-period']],
  ['an empty time is refused', { period: '' }, ['validity-period']],
  ['no time at all is refused', { period: '0s' }, ['validity-period']],
  ['a negative time is refused', { period: '-1h' }, ['validity-period']],
  [
    'a name on the certificate is refused',
    { names: csr.dns('jane.example.com') },
    ['san-not-allowed'],
  ],
  [
    'a key of another kind is refused',
    { record: { allowedKeys: ['RSA-2048'] } },
    ['key-not-allowed'],
  ],
  [
    'a listed uploader is accepted',
    { users: { uploaders: ['AWS:A:*'] }, uploader: 'AWS:A:jane' },
    [],
  ],
  [
    'another uploader is refused',
    { users: { uploaders: ['AWS:A:*'] }, uploader: 'AWS:B:jane' },
    ['uploader-not-allowed'],
  ],
  [
    'an upload without its event is refused where uploaders are listed',
    { users: { uploaders: ['*'] } },
    ['uploader-not-allowed'],
  ],
  ['the uploaders of nodes do not concern users', { record: { uploaders: ['AWS:node'] } }, []],
  ['a name like the pattern is accepted', { users: { namePatterns: ['*@example.com'] } }, []],
  [
    'a name that only begins like it is refused',
    { cn: 'jane@example.com.evil.org', users: { namePatterns: ['*@example.com'] } },
    ['user-name'],
  ],
  [
    'the pattern needs something for its asterisk',
    { cn: 'x@example.com', users: { namePatterns: ['x*@example.com'] } },
    ['user-name'],
  ],
  [
    'everything that is wrong is said at once',
    {
      cn: 'system:admin',
      o: ['system:nodes'],
      names: csr.dns('a'),
      period: 'forever',
      record: { allowedKeys: ['RSA-2048'] },
      users: { uploaders: ['AWS:A'] },
    },
    [
      'key-not-allowed',
      'san-not-allowed',
      'uploader-not-allowed',
      'user-name',
      'user-organization',
      'validity-period',
    ],
  ],
  [
    'without a rule, too, the rest is said',
    { cn: 'system:admin', o: ['system:nodes'], period: 'forever', users: undefined },
    ['user-name', 'user-organization', 'users-not-allowed', 'validity-period'],
  ],
])('%s', (_, about, codes) => {
  const { violations, plan } = judge(about);
  expect([...new Set(violations.map(({ code }) => code))].sort()).toEqual(codes);
  expect(plan !== undefined).toBe(codes.length === 0);
});

it.each([
  ...new Set(PROFILES.map(({ commonName }) => commonName)),
  'Kubernetes-Admin',
  'kube-etcd',
  'system:admin',
  'system:node:cp-1',
  'system:serviceaccount:kube-system:default',
  'system',
  'a:b',
  'jane doe',
  ' jane',
  'jane ',
  'jane\u00a0doe',
  'jane\u200b',
  'j\u0430ne', // Cyrillic
  '\uff4aane',
  'jane\u202e',
  '.jane',
  'jane/x',
  'jane,O=system:masters',
  'jane"',
  '*',
])('nobody is called %j', (cn) => {
  const { violations } = judge({ cn });
  if (cn === 'system') expect(violations).toEqual([]);
  else expect(violations.map(({ code }) => code)).toEqual(['user-name']);
});

it.each(['jane', 'jane@example.com', 'j.doe+ops@example.com', 'CI_bot-7', 'x', 'a'.repeat(64)])(
  'somebody may be called %s',
  (cn) => expect(judge({ cn }).plan?.subject.commonName).toBe(cn),
);

it('an empty common name is refused, and one of 65 characters', () => {
  for (const cn of ['', 'a'.repeat(65)])
    expect(
      judge({ cn })
        .violations.map(({ code }) => code)
        .sort(),
    ).toEqual(['subject-attribute', 'user-name']);
});

it.each<[string, Case, string | undefined]>([
  ['a user waits unless the record says otherwise', {}, 'rule for users'],
  [
    'a user waits for nobody where the record says so',
    { users: { approvalRequired: false } },
    undefined,
  ],
  [
    'system:masters waits whatever the record says',
    {
      o: ['system:masters'],
      users: { organizations: ['system:masters'], approvalRequired: false },
    },
    'O=system:masters',
  ],
  [
    "so does kubeadm's group of administrators",
    {
      o: ['kubeadm:cluster-admins'],
      users: { organizations: ['kubeadm:cluster-admins'], approvalRequired: false },
    },
    'O=kubeadm:cluster-admins',
  ],
])('%s', (_, about, reason) => {
  const { plan } = judge(about);
  if (reason === undefined) expect(plan?.approvalReason).toBeUndefined();
  else expect(plan?.approvalReason).toContain(reason);
});

it.each<[string, Case, number]>([
  ['the time that was asked for', { period: '8h' }, 8 * 3600],
  ['that of the rule where nobody asked', {}, 24 * 3600],
  ['a day where the rule names none', { users: {} }, 24 * 3600],
])('is good for %s', (_, about, seconds) => {
  expect(judge(about).plan?.validitySeconds).toBe(seconds);
});

it.each<[string, object, string]>([
  [
    'a node that is called users',
    { nodes: [{ name: 'users', addresses: ['10.0.0.1'], role: 'worker' }] },
    'nodes[0].name',
  ],
  [
    'a rule for a node that is called users',
    { nodeRules: [{ namePattern: 'users', addressRanges: [], role: 'worker' }] },
    'nodeRules[0].namePattern',
  ],
  [
    'the nodes as a group of users',
    { users: { organizations: ['system:nodes'] } },
    'users.organizations[0]',
  ],
  ['a group with a space behind', { users: { organizations: ['a '] } }, 'users.organizations[0]'],
  ['more than a year', { users: { maxValidityPeriod: '8761h' } }, 'users.maxValidityPeriod'],
  ['a pattern with two asterisks', { users: { namePatterns: ['*@*'] } }, 'users.namePatterns[0]'],
  ['a field that nobody knows', { users: { groups: [] } }, 'users'],
])('a record can not hold %s', (_, changes, field) => {
  const { problems } = parseClusterRecord({ ...recordDocument, ...changes });
  expect(problems.map((problem) => problem.split(': ')[0])).toEqual([field]);
});
