/** Which users get which certificates. */

import { parseClusterRecord } from '../../../lib/cluster/record.ts';
import type { ClusterRecordDocument } from '../../../lib/contract/cluster-record.ts';
import { readRequest } from '../../../lib/csr/read-request.ts';
import { judgeUserRequest } from '../../../lib/policy/judge-user.ts';
import { PROFILES } from '../../../lib/profiles/profiles.ts';
import type { ViolationCode } from '../../../lib/refusal/violation.ts';
import { DEFAULT_RULE } from '../../../lib/trust-domain-rules.ts';
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
  const { maxValiditySeconds } = DEFAULT_RULE;
  const context = { record: parsed.record, uploader, validityPeriod: period, maxValiditySeconds };
  return judgeUserRequest(readRequest(bytes), context);
}

it.each<[string, Case, ViolationCode[]]>([
  ['a user without a group is accepted', {}, []],
  ['a listed group is accepted', { o: ['team-a'] }, []],
  [
    'without a rule in the record every request is refused',
    { users: undefined },
    ['users-not-allowed'],
  ],
  ['a group that is not listed is refused', { o: ['team-b'] }, ['user-organization']],
  ['a group in another case is refused', { o: ['Team-A'] }, ['user-organization']],
  [
    'a group of kubeadm is refused unless listed',
    { o: ['kubeadm:cluster-admins'] },
    ['user-organization'],
  ],
  [
    'a group of kubeadm is accepted if listed',
    { o: ['kubeadm:cluster-admins'], users: { organizations: ['kubeadm:cluster-admins'] } },
    [],
  ],
  ['system:masters is accepted if listed', { o: ['system:masters'] }, []],
  [
    'system:masters is refused if not listed',
    { o: ['system:masters'], users: {} },
    ['user-organization'],
  ],
  ['system:nodes is refused', { o: ['system:nodes'] }, ['user-organization-forbidden']],
  [
    'system:authenticated is refused',
    { o: ['system:authenticated'] },
    ['user-organization-forbidden'],
  ],
  ['a validity at the limit is accepted', { period: '24h' }, []],
  [
    'a validity over the limit is refused, not shortened',
    { period: '24h0m1s' },
    ['validity-period'],
  ],
  ['a validity in days is refused', { period: '1d' }, ['validity-period']],
  ['an empty validity is refused', { period: '' }, ['validity-period']],
  ['a validity of zero is refused', { period: '0s' }, ['validity-period']],
  ['a negative validity is refused', { period: '-1h' }, ['validity-period']],
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
    'an upload without its event is refused if uploaders are listed',
    { users: { uploaders: ['*'] } },
    ['uploader-not-allowed'],
  ],
  ['the uploaders of nodes do not concern users', { record: { uploaders: ['AWS:node'] } }, []],
  [
    'a name that matches the pattern is accepted',
    { users: { namePatterns: ['*@example.com'] } },
    [],
  ],
  [
    'a name that only starts like the pattern is refused',
    { cn: 'jane@example.com.evil.org', users: { namePatterns: ['*@example.com'] } },
    ['user-name'],
  ],
  [
    'an asterisk matches at least one character',
    { cn: 'x@example.com', users: { namePatterns: ['x*@example.com'] } },
    ['user-name'],
  ],
  [
    'all violations are reported at once',
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
      'user-name-forbidden',
      'user-organization-forbidden',
      'validity-period',
    ],
  ],
  [
    'all violations are reported without a rule too',
    { cn: 'system:admin', o: ['system:nodes'], period: 'forever', users: undefined },
    ['user-name-forbidden', 'user-organization-forbidden', 'users-not-allowed', 'validity-period'],
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
])('refuses the user name %j', (cn) => {
  const { violations } = judge({ cn });
  if (cn === 'system') expect(violations).toEqual([]);
  else expect(violations.map(({ code }) => code)).toEqual(['user-name-forbidden']);
});

it.each(['jane', 'jane@example.com', 'j.doe+ops@example.com', 'CI_bot-7', 'x', 'a'.repeat(64)])(
  'accepts the user name %s',
  (cn) => expect(judge({ cn }).plan?.subject.commonName).toBe(cn),
);

it('refuses an empty common name, and one of 65 characters', () => {
  for (const cn of ['', 'a'.repeat(65)])
    expect(
      judge({ cn })
        .violations.map(({ code }) => code)
        .sort(),
    ).toEqual(['subject-attribute', 'user-name-forbidden']);
});

it.each<[string, Case, string | undefined]>([
  ['a user needs approval by default', {}, 'rule for users'],
  [
    'a user needs no approval if the record says so',
    { users: { approvalRequired: false } },
    undefined,
  ],
  [
    'system:masters needs approval even if the record says otherwise',
    {
      o: ['system:masters'],
      users: { organizations: ['system:masters'], approvalRequired: false },
    },
    'O=system:masters',
  ],
  [
    'kubeadm:cluster-admins needs approval even if the record says otherwise',
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
  ['the requested time', { period: '8h' }, 8 * 3600],
  ['the time of the rule by default', {}, 24 * 3600],
  ['a day if the rule has no time', { users: {} }, 24 * 3600],
])('is valid for %s', (_, about, seconds) => {
  expect(judge(about).plan?.validitySeconds).toBe(seconds);
});

it.each<[string, object, string]>([
  [
    'a node with the name users',
    { nodes: [{ name: 'users', addresses: ['10.0.0.1'], role: 'worker' }] },
    'nodes[0].name',
  ],
  [
    'a rule for a node with the name users',
    { nodeRules: [{ namePattern: 'users', addressRanges: [], role: 'worker' }] },
    'nodeRules[0].namePattern',
  ],
  [
    'system:nodes as a group of users',
    { users: { organizations: ['system:nodes'] } },
    'users.organizations[0]',
  ],
  ['a group with a trailing space', { users: { organizations: ['a '] } }, 'users.organizations[0]'],
  ['more than a year', { users: { maxValidityPeriod: '8761h' } }, 'users.maxValidityPeriod'],
  ['a pattern with two asterisks', { users: { namePatterns: ['*@*'] } }, 'users.namePatterns[0]'],
  ['an unknown field', { users: { groups: [] } }, 'users'],
])('a record cannot have %s', (_, changes, field) => {
  const { problems } = parseClusterRecord({ ...recordDocument, ...changes });
  expect(problems.map((problem) => problem.split(': ')[0])).toEqual([field]);
});
