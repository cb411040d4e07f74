import { type ClusterRecord, parseClusterRecord } from '../../../lib/cluster/record.ts';
import type { ExpiryEntry } from '../../../lib/contract/expiry-key.ts';
import { findExpiring, firstDay } from '../../../lib/expiry/find-expiring.ts';
import { NewestEntries } from '../../../lib/expiry/read-newest.ts';
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
    caVersion: 1,
    serialNumber: '01a0',
    ...more,
  };
}

const CSR_SIGNING = { csrSigning: { kubeletClient: {}, kubeletServing: {} } };
const TEN_MINUTES = { csrSigning: { ...CSR_SIGNING.csrSigning, clusterSigningDuration: '10m' } };
const CLIENT = { certificateName: 'kubelet-client', requestId: 'uid' };
const PROBE = { certificateName: 'probe-ca' };
const KUBECONFIG = { certificateName: 'kubelet.conf' };

function newestOf(entries: readonly ExpiryEntry[]): ExpiryEntry[] {
  const newest = new NewestEntries();
  for (const one of entries) newest.add(one);
  return newest.all();
}

const SHORT = { certificateValidityPeriod: '168h' };

it.each<[string, ExpiryEntry[], 'near' | 'expired' | 'neither', object?]>([
  ['a probe that nobody replaces is neither', [entry('2027-06-13', PROBE)], 'neither'],
  ['today is near', [entry('2027-06-15')], 'near'],
  ['30 days from now is near', [entry('2027-07-15')], 'near'],
  ['31 days from now is not', [entry('2027-07-16')], 'neither'],
  ['yesterday is expired', [entry('2027-06-14')], 'expired'],
  ['14 days ago is expired', [entry('2027-06-01')], 'expired'],
  ['15 days ago is no longer reported', [entry('2027-05-31')], 'neither'],
  [
    'a newer one renews it',
    [entry('2027-06-20'), entry('2028-06-01', { requestId: 'r2' })],
    'neither',
  ],
  ['in any order', [entry('2028-06-01'), entry('2027-06-20')], 'neither'],
  [
    'a newer one that expires soon too is reported once',
    [entry('2027-06-10'), entry('2027-06-20', { requestId: 'r2' })],
    'near',
  ],
  [
    'a certificate of another name does not renew it',
    [entry('2027-06-20'), entry('2028-06-01', { certificateName: 'etcd-server' })],
    'near',
  ],
  [
    'a certificate of another node does not renew it',
    [entry('2027-06-20'), entry('2028-06-01', { node: 'cp-auto-1' })],
    'near',
  ],
  ['a node that the record no longer lists', [entry('2027-06-20', { node: 'cp-0' })], 'neither'],
  ['a cluster without a record', [entry('2027-06-20', { cluster: 'gone' })], 'neither'],
  [
    'a control-plane node that only matches a rule',
    [entry('2027-06-20', { node: 'cp-auto-7' })],
    'near',
  ],
  [
    'a worker that the record lists',
    [entry('2027-06-20', { node: 'worker-1', certificateName: 'kubelet.conf' })],
    'near',
  ],
  [
    'a worker that only matches a rule may no longer exist',
    [entry('2027-06-20', { node: 'worker-auto-1', certificateName: 'kubelet.conf' })],
    'neither',
  ],
  [
    'a node that is a worker now needs no apiserver',
    [entry('2027-06-20', { node: 'worker-1' })],
    'neither',
  ],
  [
    'a certificate of a user is meant to expire',
    [entry('2027-06-15', { node: 'users', certificateName: 'user' })],
    'neither',
  ],
  ['with a validity of a week, two days are near', [entry('2027-06-17')], 'near', SHORT],
  ['with a validity of a week, three days are not', [entry('2027-06-18')], 'neither', SHORT],
  [
    'with a validity of a day, only the last day is near',
    [entry('2027-06-16')],
    'neither',
    { certificateValidityPeriod: '24h' },
  ],
  [
    'with a validity of a day, none is near: the index knows days only',
    [entry('2027-06-15')],
    'neither',
    { certificateValidityPeriod: '24h' },
  ],
  [
    'with a validity of a day, yesterday is expired',
    [entry('2027-06-14')],
    'expired',
    { certificateValidityPeriod: '24h' },
  ],
  ...(['kubelet-client', 'kubelet-serving'] as const).flatMap(
    (certificateName): [string, ExpiryEntry[], 'near' | 'expired' | 'neither', object][] => [
      [
        `${certificateName} of a year is near as any other`,
        [entry('2027-06-20', { certificateName })],
        'near',
        CSR_SIGNING,
      ],
      [
        `${certificateName} that lives for ten minutes is never near`,
        [entry('2027-06-15', { certificateName })],
        'neither',
        TEN_MINUTES,
      ],
      [
        `${certificateName} that lived for ten minutes yesterday may have been renewed at midnight`,
        [entry('2027-06-14', { certificateName })],
        'neither',
        TEN_MINUTES,
      ],
      [
        `${certificateName} that lived for ten minutes is expired after a day without another`,
        [entry('2027-06-13', { certificateName })],
        'expired',
        TEN_MINUTES,
      ],
      [
        `${certificateName} of a listed worker counts`,
        [entry('2027-06-14', { certificateName, node: 'worker-1' })],
        'expired',
        CSR_SIGNING,
      ],
      [
        `${certificateName} of a worker that only matches a rule does not`,
        [entry('2027-06-14', { certificateName, node: 'worker-auto-1' })],
        'neither',
        CSR_SIGNING,
      ],
    ],
  ),
  [
    'of a kubelet, kubelet.conf renews what a forwarder obtained',
    [entry('2027-06-14', CLIENT), entry('2028-06-01', KUBECONFIG)],
    'neither',
    CSR_SIGNING,
  ],
  [
    'of a kubelet, what a forwarder obtained renews kubelet.conf',
    [entry('2027-06-14', KUBECONFIG), entry('2028-06-01', CLIENT)],
    'neither',
    CSR_SIGNING,
  ],
  [
    'of a kubelet, kubelet.conf and what a forwarder obtained are reported as one',
    [entry('2027-06-13', KUBECONFIG), entry('2027-06-14', CLIENT)],
    'expired',
    CSR_SIGNING,
  ],
  [
    'its serving certificate does not renew its client certificate',
    [entry('2027-06-14', CLIENT), entry('2028-06-01', { certificateName: 'kubelet-serving' })],
    'expired',
    CSR_SIGNING,
  ],
  [
    'a serving certificate that the record no longer allows is not needed',
    [entry('2027-06-14', { certificateName: 'kubelet-serving' })],
    'neither',
    { csrSigning: { kubeletClient: {} } },
  ],
  [
    'a client certificate is needed, even if the record no longer has csrSigning',
    [entry('2027-06-14', CLIENT)],
    'expired',
  ],
  [
    'the lifetime of the newer one counts',
    [entry('2027-06-14', CLIENT), entry('2027-06-20', KUBECONFIG)],
    'near',
    TEN_MINUTES,
  ],
])('%s', (_, entries, wanted, more = {}) => {
  const found = findExpiring(newestOf(entries), new Map([['prod', recordOf(more)]]), NOW, RULES);
  expect({ near: found.near.length, expired: found.expired.length }).toEqual({
    near: wanted === 'near' ? 1 : 0,
    expired: wanted === 'expired' ? 1 : 0,
  });
});

it('a certificate counts as needed if its cluster record cannot be read', () => {
  const records = new Map([['prod', new Fault('document-malformed', 'no JSON')]]);
  const entries = [entry('2027-06-20', { node: 'anybody' }), entry('2027-06-10')];
  const { near, expired } = findExpiring(entries, records, NOW, RULES);
  expect([near, expired].map(({ length }) => length)).toEqual([1, 1]);
});

it('reading the index starts with the first day that is reported', () => {
  expect(firstDay(NOW, RULES)).toBe('2027-06-01');
});
