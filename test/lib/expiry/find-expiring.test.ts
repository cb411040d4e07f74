import { type ClusterRecord, parseClusterRecord } from '../../../lib/cluster/record.ts';
import type { ExpiryEntry } from '../../../lib/expiry/expiry-index.ts';
import { findExpiring, firstDay } from '../../../lib/expiry/find-expiring.ts';
import { Fault } from '../../../lib/fault.ts';

const NOW = new Date('2027-06-15T12:00:00Z');
const RULES = { nearDays: 30, expiredDays: 14 };

function recordOf(more: object = {}): ClusterRecord {
  const { record, problems } = parseClusterRecord({
    cluster: 'prod',
    trustDomain: 'fleet',
    kubernetesVersion: 'v1.37.2',
    nodes: [
      { name: 'cp-1', addresses: ['10.0.0.1'], role: 'control-plane' },
      { name: 'worker-1', addresses: ['10.0.0.2'], role: 'worker' },
    ],
    nodeRules: [
      { namePattern: 'cp-auto-*', addressRanges: ['10.1.0.0/16'], role: 'control-plane' },
      { namePattern: 'worker-auto-*', addressRanges: ['10.1.0.0/16'], role: 'worker' },
    ],
    ...more,
  });
  if (!record) throw new Error(problems.join());
  return record;
}

function entry(day: string, more: Partial<ExpiryEntry> = {}): ExpiryEntry {
  return {
    day,
    cluster: 'prod',
    node: 'cp-1',
    certificateName: 'apiserver',
    requestId: 'r1',
    ...more,
  };
}

const SHORT = { certificateValidityPeriod: '168h' };

it.each<[string, ExpiryEntry[], 'near' | 'expired' | 'neither', object?]>([
  ['today is near', [entry('2027-06-15')], 'near'],
  ['30 days from now is near', [entry('2027-07-15')], 'near'],
  ['31 days from now is not', [entry('2027-07-16')], 'neither'],
  ['yesterday is expired', [entry('2027-06-14')], 'expired'],
  ['14 days ago is expired', [entry('2027-06-01')], 'expired'],
  ['15 days ago is told of no more', [entry('2027-05-31')], 'neither'],
  [
    'a newer one renews',
    [entry('2027-06-20'), entry('2028-06-01', { requestId: 'r2' })],
    'neither',
  ],
  ['in whatever order they come', [entry('2028-06-01'), entry('2027-06-20')], 'neither'],
  [
    'a newer one that expires soon itself is told of once',
    [entry('2027-06-10'), entry('2027-06-20', { requestId: 'r2' })],
    'near',
  ],
  [
    'one of another name does not renew',
    [entry('2027-06-20'), entry('2028-06-01', { certificateName: 'etcd-server' })],
    'near',
  ],
  [
    'one of another node does not renew',
    [entry('2027-06-20'), entry('2028-06-01', { node: 'cp-auto-1' })],
    'near',
  ],
  [
    'a node that the record does not name any more',
    [entry('2027-06-20', { node: 'cp-0' })],
    'neither',
  ],
  ['a cluster without a record', [entry('2027-06-20', { cluster: 'gone' })], 'neither'],
  ['a control-plane node by a rule', [entry('2027-06-20', { node: 'cp-auto-7' })], 'near'],
  [
    'a worker that the record names',
    [entry('2027-06-20', { node: 'worker-1', certificateName: 'kubelet.conf' })],
    'near',
  ],
  [
    'a worker by a rule alone may be gone',
    [entry('2027-06-20', { node: 'worker-auto-1', certificateName: 'kubelet.conf' })],
    'neither',
  ],
  [
    'a node that is a worker now needs no apiserver',
    [entry('2027-06-20', { node: 'worker-1' })],
    'neither',
  ],
  [
    'a user certificate is to expire',
    [entry('2027-06-15', { node: 'users', certificateName: 'user' })],
    'neither',
  ],
  ['of a week, two days are near', [entry('2027-06-17')], 'near', SHORT],
  ['of a week, three days are not', [entry('2027-06-18')], 'neither', SHORT],
  [
    'of a day, only the last day is near',
    [entry('2027-06-16')],
    'neither',
    { certificateValidityPeriod: '24h' },
  ],
])('%s', (_, entries, wanted, more = {}) => {
  const found = findExpiring(entries, new Map([['prod', recordOf(more)]]), NOW, RULES);
  expect({ near: found.near.length, expired: found.expired.length }).toEqual({
    near: wanted === 'near' ? 1 : 0,
    expired: wanted === 'expired' ? 1 : 0,
  });
});

it('a cluster record that can not be read says nothing against a certificate', () => {
  const records = new Map([['prod', new Fault('document-malformed', 'no JSON')]]);
  const entries = [entry('2027-06-20', { node: 'anybody' }), entry('2027-06-10')];
  const { near, expired } = findExpiring(entries, records, NOW, RULES);
  expect([near, expired].map(({ length }) => length)).toEqual([1, 1]);
});

it('the index is read from the first day on that matters', () => {
  expect(firstDay(NOW, RULES)).toBe('2027-06-01');
});
