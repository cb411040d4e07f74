import {
  clusterOfStandingApproval,
  type RequestApproval,
  requestApprovalKey,
  requestKeyOfApproval,
  type StandingApproval,
  standingApprovalKey,
} from '../../../lib/contract/approvals.ts';
import { mayStand } from '../../../lib/contract/request-kinds.ts';
import { type PlanToApprove, weighApprovals } from '../../../lib/policy/approval.ts';
import {
  CERTIFICATE_NAMES,
  type CertificateName,
} from '../../../lib/profiles/certificate-names.ts';

const DIGEST = 'a'.repeat(64);
const REQUEST = 'requests/prod/cp-1/r1/admin.conf.csr';
const decidedAt = '2026-11-24T00:00:00Z';
const request = (decision: 'approve' | 'deny'): RequestApproval => ({
  request: REQUEST,
  csrSha256: DIGEST,
  trustDomain: 'fleet',
  validitySeconds: 3600,
  decision,
  decidedAt,
});
const standing: StandingApproval = {
  cluster: 'prod',
  trustDomain: 'fleet',
  certificateNames: [...CERTIFICATE_NAMES],
  approver: 'alice',
  decidedAt,
};
const planOf = (certificateName: CertificateName): PlanToApprove => ({
  request: REQUEST,
  cluster: 'prod',
  certificateName,
  csrSha256: DIGEST,
  trustDomain: 'fleet',
  validitySeconds: 3600,
  mayStand: mayStand(certificateName),
});
const others: StandingApproval = { ...standing, certificateNames: ['kubelet.conf'] };

it.each([
  ['no approval: it is pending', 'admin.conf', undefined, undefined, 'waiting'],
  ['an approval: it is approved', 'admin.conf', request('approve'), undefined, 'approved'],
  ['a denial: it is denied', 'admin.conf', request('deny'), undefined, 'denied'],
  ['a standing approval: it is approved', 'admin.conf', undefined, standing, 'approved'],
  ['a standing approval of other names: it is pending', 'admin.conf', undefined, others, 'waiting'],
  ['a denial overrides a standing approval', 'admin.conf', request('deny'), standing, 'denied'],
  [
    'a standing approval never covers super-admin.conf',
    'super-admin.conf',
    undefined,
    standing,
    'waiting',
  ],
  [
    'each super-admin.conf can be approved',
    'super-admin.conf',
    request('approve'),
    standing,
    'approved',
  ],
] as const)('%s', (_, name, ofRequest, ofCluster, state) => {
  expect(weighApprovals(planOf(name), ofRequest, ofCluster).state).toBe(state);
});

it.each<[string, Partial<PlanToApprove>]>([
  ['another request', { request: 'requests/prod/cp-2/r1/admin.conf.csr' }],
  ['another CSR', { csrSha256: 'b'.repeat(64) }],
  ['another trust domain', { trustDomain: 'other' }],
  ['another validity', { validitySeconds: 7200 }],
])('an approval does not cover %s', (_, change) => {
  const plan = { ...planOf('admin.conf'), ...change };
  expect(weighApprovals(plan, request('approve'), undefined).state).toBe('waiting');
});

it('a denial counts even if the cluster record has changed since', () => {
  const plan = { ...planOf('admin.conf'), trustDomain: 'other', validitySeconds: 7200 };
  expect(weighApprovals(plan, request('deny'), undefined).state).toBe('denied');
});

it.each<[string, Partial<PlanToApprove>]>([
  ['another cluster', { cluster: 'other' }],
  ['another trust domain', { trustDomain: 'other' }],
])('a standing approval does not cover %s', (_, change) => {
  const plan = { ...planOf('admin.conf'), ...change };
  expect(weighApprovals(plan, undefined, standing).state).toBe('waiting');
});

it('a standing approval may cover all names except super-admin.conf', () => {
  expect(CERTIFICATE_NAMES.filter((name) => !mayStand(name))).toEqual(['super-admin.conf']);
});

it('the request can be derived from the key of its approval', () => {
  expect(requestKeyOfApproval(requestApprovalKey(REQUEST, DIGEST))).toBe(REQUEST);
});

it('the cluster can be derived from the key of its standing approval', () => {
  expect(clusterOfStandingApproval(standingApprovalKey('prod.example'))).toBe('prod.example');
});

it.each([
  `approvals/${REQUEST}.${DIGEST}`,
  `approvals/${REQUEST}.${DIGEST.toUpperCase()}.json`,
  `approvals/${REQUEST}.${DIGEST.slice(1)}.json`,
  `approvals/${REQUEST}.unread.json`,
  `approvals/${REQUEST}.json`,
  `${REQUEST}.${DIGEST}.json`,
  `x/approvals/${REQUEST}.${DIGEST}.json`,
  'approvals/standing/prod.json',
])('%s is not an approval of a request', (key) => {
  expect(requestKeyOfApproval(key)).toBeUndefined();
});

it.each([
  'approvals/standing/Prod.json',
  'approvals/standing/../prod.json',
  'approvals/standing/a/b.json',
  'approvals/standing/.json',
  'approvals/standing/prod',
  'approvals/requests/prod.json',
])('%s is not a standing approval', (key) => {
  expect(clusterOfStandingApproval(key)).toBeUndefined();
});
