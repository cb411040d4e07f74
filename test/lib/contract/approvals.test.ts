/** Keys of approvals say what they are for, and who approved. */
import {
  clusterOfStandingApproval,
  isUserid,
  parseRequestApprovalKey,
  parseStandingApprovalKey,
  requestApprovalKey,
  requestKeyOfApproval,
  standingApprovalKey,
} from '../../../lib/contract/approvals.ts';

const DIGEST = 'a'.repeat(64);
const REQUEST = 'requests/prod/cp-1/r1/pki/etcd/server.csr';
const ALICE = 'AROAEXAMPLE:alice@example.com';

it('request, plan and approver can be derived from the key of an approval', () => {
  const key = requestApprovalKey(REQUEST, DIGEST, ALICE);
  expect(key).toBe(`approvals/${REQUEST}/${DIGEST}/${ALICE}.json`);
  expect(parseRequestApprovalKey(key)).toEqual({
    request: REQUEST,
    planDigest: DIGEST,
    approver: ALICE,
  });
  expect(requestKeyOfApproval(key)).toBe(REQUEST);
});

it('cluster and approver can be derived from the key of a standing approval', () => {
  const key = standingApprovalKey('prod.example', ALICE);
  expect(key).toBe(`approvals/standing/prod.example/${ALICE}.json`);
  expect(parseStandingApprovalKey(key)).toEqual({ cluster: 'prod.example', approver: ALICE });
  expect(clusterOfStandingApproval(key)).toBe('prod.example');
});

it.each([
  `approvals/${REQUEST}/${DIGEST}/${ALICE}`,
  `approvals/${REQUEST}/${DIGEST.toUpperCase()}/${ALICE}.json`,
  `approvals/${REQUEST}/${DIGEST.slice(1)}/${ALICE}.json`,
  `approvals/${REQUEST}/unread/${ALICE}.json`,
  `approvals/${REQUEST}/${DIGEST}.json`,
  `approvals/${REQUEST}/${DIGEST}/.json`,
  `approvals/${REQUEST}/${DIGEST}/a b.json`,
  `approvals/${REQUEST}/${DIGEST}/x/${ALICE}.json`,
  `approvals/requests/Prod/cp-1/r1/x.csr/${DIGEST}/${ALICE}.json`,
  `${REQUEST}/${DIGEST}/${ALICE}.json`,
  `x/approvals/${REQUEST}/${DIGEST}/${ALICE}.json`,
  `approvals/standing/prod/${ALICE}.json`,
])('%s is not an approval of a request', (key) => {
  expect(requestKeyOfApproval(key)).toBeUndefined();
});

it.each([
  'approvals/standing/prod.json',
  `approvals/standing/Prod/${ALICE}.json`,
  `approvals/standing/../${ALICE}.json`,
  `approvals/standing/a/b/${ALICE}.json`,
  'approvals/standing/prod/.json',
  `approvals/standing/prod/${ALICE}`,
  `approvals/requests/prod/${ALICE}.json`,
])('%s is not a standing approval', (key) => {
  expect(clusterOfStandingApproval(key)).toBeUndefined();
});

it.each([
  'AIDAEXAMPLE',
  ALICE,
  'AROAEXAMPLE:a=b,c+d_e-f',
  '123456789012',
  '123456789012:federated',
])('%s is a userid', (text) => expect(isUserid(text)).toBe(true));

it.each([
  '',
  ':',
  'AROA:',
  'a/b',
  'AROA:a/b',
  'AROA:a:b',
  'AROA:ä',
  'a b',
  '..',
  `A:${'x'.repeat(65)}`,
])('"%s" is not a userid', (text) => expect(isUserid(text)).toBe(false));
