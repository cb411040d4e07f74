/** Which approvals count, and how many are needed. */
import type { RequestApproval, StandingGrant } from '../../../lib/contract/approvals.ts';
import { mayStand } from '../../../lib/contract/request-kinds.ts';
import {
  type ApprovalState,
  type FoundStanding,
  type GivenApproval,
  type GivenStanding,
  type PlanToApprove,
  weighApprovals,
} from '../../../lib/policy/approval.ts';
import { type PlanTerms, planDigest } from '../../../lib/policy/plan-digest.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';

const REQUEST = 'requests/prod/cp-1/r1/admin.conf.csr';
const UPLOADER = 'AWS:AROANODE:i-0abc';
const ALICE = 'AROAAPPROVER:alice';
const BOB = 'AROAAPPROVER:bob';
const decidedAt = '2026-11-24T00:00:00Z';

const TERMS: PlanTerms = {
  request: REQUEST,
  csrSha256: 'a'.repeat(64),
  cluster: 'prod',
  trustDomain: 'fleet',
  ca: 'ca',
  certificateName: 'admin.conf',
  commonName: 'kubernetes-admin',
  organizations: ['system:masters'],
  dnsNames: [],
  ipAddresses: [],
  extendedKeyUsages: ['clientAuth'],
  validitySeconds: 3600,
};

function planOf(change: Partial<PlanTerms> = {}, more: Partial<PlanToApprove> = {}): PlanToApprove {
  const terms = { ...TERMS, ...change };
  return {
    terms,
    digest: planDigest(terms),
    reason: 'O=system:masters',
    required: 1,
    mayStand: mayStand(terms.certificateName),
    ...more,
  };
}

function given(
  approver: string,
  decision: RequestApproval['decision'] = 'approve',
  plan = planOf(),
  body: Partial<RequestApproval> = {},
): GivenApproval {
  const named = { request: REQUEST, planDigest: plan.digest };
  const document = { ...named, decision, reason: 'asked', decidedAt, ...body };
  return { approver, planDigest: plan.digest, document };
}

function grantOf(
  certificateName: CertificateName,
  change: Partial<StandingGrant> = {},
): StandingGrant {
  const most = { organizations: ['system:masters'], maxValiditySeconds: 3600 };
  return { certificateName, trustDomain: 'fleet', ...most, decidedAt, ...change };
}

const standing = (
  approver: string,
  grants: StandingGrant[],
  denied: CertificateName[] = [],
): GivenStanding => ({
  approver,
  document: {
    cluster: 'prod',
    grants,
    denials: denied.map((certificateName) => ({ certificateName, decidedAt })),
  },
});

interface Case {
  readonly plan?: PlanToApprove;
  readonly ofRequest?: readonly GivenApproval[];
  readonly standing?: readonly FoundStanding[];
  readonly uploader?: string | undefined;
}

function weigh({ plan = planOf(), ofRequest = [], standing = [], ...more }: Case): ApprovalState {
  const uploader = 'uploader' in more ? more.uploader : UPLOADER;
  return weighApprovals(plan, { ofRequest, standing }, uploader);
}

const ofAdmin = standing(BOB, [grantOf('admin.conf')]);
const twoRequired = planOf({}, { required: 2 });
const listed = planOf({}, { approvers: ['AWS:AROASECURITY:*'] });

it.each<[string, Case, ApprovalState['state']]>([
  ['without an approval it waits', {}, 'waiting'],
  ['an approval approves', { ofRequest: [given(ALICE)] }, 'approved'],
  ['a denial denies', { ofRequest: [given(ALICE, 'deny')] }, 'denied'],
  [
    'a denial by anyone overrides the approvals of others',
    { ofRequest: [given(ALICE), given(BOB, 'deny')] },
    'denied',
  ],
  [
    'a denial of an earlier plan still denies',
    { ofRequest: [given(ALICE, 'deny', planOf({ validitySeconds: 1 }))] },
    'denied',
  ],
  [
    'a denial by a person whose approval would not count denies',
    { plan: listed, ofRequest: [given(ALICE, 'deny')] },
    'denied',
  ],
  ['a standing approval approves', { standing: [ofAdmin] }, 'approved'],
  [
    'a standing approval of other names does not count',
    { standing: [standing(BOB, [grantOf('kubelet.conf')])] },
    'waiting',
  ],
  [
    'a denial of the request overrides a standing approval',
    { ofRequest: [given(ALICE, 'deny')], standing: [ofAdmin] },
    'denied',
  ],
  [
    'a standing approval never covers super-admin.conf',
    {
      plan: planOf({ certificateName: 'super-admin.conf' }),
      standing: [
        standing(
          BOB,
          CERTIFICATE_NAMES.map((name) => grantOf(name)),
        ),
      ],
    },
    'waiting',
  ],
  [
    "another approver's denial suspends a standing approval",
    { standing: [ofAdmin, standing(ALICE, [], ['admin.conf'])] },
    'waiting',
  ],
  [
    'a denial of another name does not suspend it',
    { standing: [ofAdmin, standing(ALICE, [], ['kubelet.conf'])] },
    'approved',
  ],
  [
    'a suspended standing approval does not stop an approval of the request',
    {
      ofRequest: [given(ALICE)],
      standing: [ofAdmin, standing(ALICE, [], ['admin.conf'])],
    },
    'approved',
  ],
  [
    'of two required, one is not enough',
    { plan: twoRequired, ofRequest: [given(ALICE)] },
    'waiting',
  ],
  [
    'two people approve what requires two',
    { plan: twoRequired, ofRequest: [given(ALICE), given(BOB)] },
    'approved',
  ],
  [
    'an approval and a standing approval of two people are two',
    { plan: twoRequired, ofRequest: [given(ALICE)], standing: [ofAdmin] },
    'approved',
  ],
  [
    'an approval and a standing approval of one person are one',
    { plan: twoRequired, ofRequest: [given(BOB)], standing: [ofAdmin] },
    'waiting',
  ],
  [
    'one person in two roles is one approver',
    { plan: twoRequired, ofRequest: [given(ALICE), given('AROAOTHER:Alice')] },
    'waiting',
  ],
  [
    'nobody approves what they uploaded, in whatever role',
    { ofRequest: [given(ALICE)], uploader: 'AWS:AROAREQUESTER:alice' },
    'waiting',
  ],
  [
    'nobody approves what they uploaded by a standing approval',
    { standing: [ofAdmin], uploader: 'AWS:AROAREQUESTER:BOB' },
    'waiting',
  ],
  [
    'a lost event does not stop a request that one person approves',
    { ofRequest: [given(ALICE)], uploader: undefined },
    'approved',
  ],
  [
    'where two have to approve, an unknown uploader may be one of them: two are not enough',
    { plan: twoRequired, ofRequest: [given(ALICE), given(BOB)], uploader: undefined },
    'waiting',
  ],
  [
    'of three approvers, two at least are not an unknown uploader',
    {
      plan: twoRequired,
      ofRequest: [given(ALICE), given(BOB), given('AROAEXAMPLE:carol')],
      uploader: undefined,
    },
    'approved',
  ],
  [
    'an approver who is not listed does not count',
    { plan: listed, ofRequest: [given(ALICE)] },
    'waiting',
  ],
  [
    'an approver who is listed counts',
    { plan: listed, ofRequest: [given('AROASECURITY:alice')] },
    'approved',
  ],
  [
    'an object about the request that cannot be read may be a denial, so nothing approves',
    { ofRequest: [given(ALICE), { ...given(BOB), document: undefined }] },
    'waiting',
  ],
  [
    'standing approvals that cannot be read may be a denial, so none counts',
    { standing: [ofAdmin, { approver: ALICE, document: undefined }] },
    'waiting',
  ],
  [
    'they are no reason to wait if the request itself is approved',
    { ofRequest: [given(ALICE)], standing: [{ approver: BOB, document: undefined }] },
    'approved',
  ],
])('%s', (_, about, state) => {
  expect(weigh(about).state).toBe(state);
});

it.each<[string, Partial<PlanTerms>]>([
  ['another request', { request: 'requests/prod/cp-2/r1/admin.conf.csr' }],
  ['another CSR', { csrSha256: 'b'.repeat(64) }],
  ['another cluster', { cluster: 'test' }],
  ['another trust domain', { trustDomain: 'other' }],
  ['another CA', { ca: 'etcd-ca' }],
  ['another certificate name', { certificateName: 'super-admin.conf' }],
  ['another common name', { commonName: 'mallory' }],
  ['another organization', { organizations: ['kubeadm:cluster-admins'] }],
  ['one more organization', { organizations: ['system:masters', 'x'] }],
  ['another DNS name', { dnsNames: ['api.example.com'] }],
  ['another IP address', { ipAddresses: ['10.0.0.1'] }],
  ['another usage', { extendedKeyUsages: ['clientAuth', 'serverAuth'] }],
  ['another validity', { validitySeconds: 3601 }],
])('an approval does not cover %s', (_, change) => {
  expect(weigh({ plan: planOf(change), ofRequest: [given(ALICE)] }).state).toBe('waiting');
});

it('the order of the organizations, which are a set, does not matter', () => {
  const one = planOf({ organizations: ['a', 'b'] });
  const other = planOf({ organizations: ['b', 'a'] });
  expect(one.digest).toBe(other.digest);
});

it('values cannot move from one field to the next without another digest', () => {
  const one = planOf({ commonName: 'a', organizations: ['b'] });
  const other = planOf({ commonName: 'a","b', organizations: [] });
  expect(one.digest).not.toBe(other.digest);
});

it.each<[string, Partial<PlanTerms>]>([
  ['another cluster', { cluster: 'other' }],
  ['another trust domain', { trustDomain: 'other' }],
  ['an organization that it was not given for', { organizations: ['system:masters', 'x'] }],
  ['a longer validity', { validitySeconds: 3601 }],
])('a standing approval does not cover %s', (_, change) => {
  expect(weigh({ plan: planOf(change), standing: [ofAdmin] }).state).toBe('waiting');
});

it.each<[string, Partial<PlanTerms>]>([
  ['fewer organizations', { organizations: [] }],
  ['a shorter validity', { validitySeconds: 60 }],
])('a standing approval covers %s', (_, change) => {
  expect(weigh({ plan: planOf(change), standing: [ofAdmin] }).state).toBe('approved');
});

it('a standing approval may cover all names except super-admin.conf', () => {
  expect(CERTIFICATE_NAMES.filter((name) => !mayStand(name))).toEqual(['super-admin.conf']);
});

it('says who approved, by userid, and why others do not count', () => {
  const earlier = planOf({ validitySeconds: 1 });
  const state = weigh({
    plan: planOf({}, { required: 3, approvers: ['AWS:AROAAPPROVER:*'] }),
    ofRequest: [
      given(ALICE),
      given('AROAOTHER:eve'),
      given('AROAAPPROVER:dan', 'approve', earlier),
      given('AROAAPPROVER:i-0abc'),
    ],
    standing: [ofAdmin],
  });
  expect(state).toEqual({
    state: 'waiting',
    required: 3,
    by: [
      { approver: ALICE, kind: 'request' },
      { approver: BOB, kind: 'standing' },
    ],
    uncounted: [
      { approver: 'AROAOTHER:eve', reason: 'users.approvers does not list its author' },
      { approver: 'AROAAPPROVER:dan', reason: 'it is for an earlier plan' },
      { approver: 'AROAAPPROVER:i-0abc', reason: 'its author uploaded the request' },
    ],
  });
});
