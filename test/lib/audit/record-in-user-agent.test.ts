import {
  MAX_USER_AGENT_BYTES,
  recordKeyIn,
  userAgentOf,
} from '../../../lib/audit/record-in-user-agent.ts';
import { recordKey } from '../../../lib/contract/decision-record.ts';
import { parseRequestKey } from '../../../lib/contract/request-key.ts';

const KEY = 'records/prod/cp-1.example.com/first/pki/apiserver.csr.json';
const SDK =
  'aws-sdk-js/3.1164.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#24.4.0 api/kms#3.1164.0 m/E,b';

it('names a record in human-readable form', () => {
  expect(userAgentOf(KEY)).toBe(
    'cakeless-record/records#prod#cp-1.example.com#first#pki#apiserver.csr.json',
  );
});

it.each([
  [`${userAgentOf(KEY)} ${SDK}`, KEY],
  [`[${userAgentOf(KEY)} ${SDK}]`, KEY],
  [userAgentOf('ca-records/fleet/etcd-ca/1.json'), 'ca-records/fleet/etcd-ca/1.json'],
  [SDK, undefined],
  ['', undefined],
  ['AWS Internal', undefined],
  [`${userAgentOf(KEY)} ${userAgentOf(KEY.replace('first', 'second'))}`, undefined],
  [`my-${userAgentOf(KEY)}`, undefined],
  ['cakeless-record/', undefined],
  ['cakeless-record/records/prod', undefined],
])('%s names %s', (userAgent, key) => {
  expect(recordKeyIn(userAgent)).toBe(key);
});

it('the longest possible key of a record fits into what CloudTrail stores', () => {
  const longest = ['x'.repeat(63), 'x'.repeat(63), 'x'.repeat(63), 'x'.repeat(61)].join('.');
  const path = `${'p'.repeat(196)}.csr`;
  const request = `requests/${longest}/${longest}/${longest}/${path}`;
  expect(parseRequestKey(request)).toBeDefined();
  const kept = `${userAgentOf(recordKey(request))} ${SDK}`.slice(0, MAX_USER_AGENT_BYTES);
  expect(recordKeyIn(kept)).toBe(recordKey(request));
});

it.each([
  ['records/a b.json'],
  ['records/a#b.json'],
  ['records/ä.json'],
  ['records/a\r\nx: y'],
  [''],
  [`records/${'x'.repeat(MAX_USER_AGENT_BYTES)}`],
])('%j cannot be named, which is a bug', (key) => {
  expect(() => userAgentOf(key)).toThrow('not the key of a record');
});
