import {
  expiryKey,
  indexExpiry,
  listExpiries,
  parseExpiryKey,
} from '../../../lib/expiry/expiry-index.ts';
import type { IssueRecord } from '../../../lib/issuance/record.ts';
import { kubeadmSet } from '../../support/kubeadm-sets.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { CLUSTER, Workshop } from '../../support/workshop.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const ENTRY = {
  day: '2027-11-24',
  cluster: 'prod',
  node: 'cp-1.prod.example.com',
  certificateName: 'super-admin.conf',
  requestId: '2026-11',
};
const KEY = 'expiry/2027-11-24/prod/cp-1.prod.example.com/super-admin.conf/2026-11';

it('a key says all that an entry says', () => {
  expect(expiryKey(ENTRY)).toBe(KEY);
  expect(parseExpiryKey(KEY)).toEqual(ENTRY);
});

it.each([
  ['another prefix', KEY.replace('expiry', 'records')],
  ['no date', KEY.replace('2027-11-24', 'soon')],
  ['a name too few', KEY.slice(0, KEY.lastIndexOf('/'))],
  ['a name too many', `${KEY}/more`],
  ['a cluster that is none', KEY.replace('prod', 'PROD')],
  ['an empty name', KEY.replace('super-admin.conf', '')],
])('%s is no entry', (_, key) => {
  expect(parseExpiryKey(key)).toBeUndefined();
});

it('the longest names there are make a key that S3 takes', () => {
  const label = 'x'.repeat(63);
  const longest = [label, label, label, 'x'.repeat(61)].join('.');
  const key = expiryKey({ ...ENTRY, cluster: longest, node: longest, requestId: longest });
  expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024);
  expect(parseExpiryKey(key)?.requestId).toBe(longest);
});

it('lists from a day on, that day with it, in the order of the days', async () => {
  const store = new MemoryStore();
  for (const day of ['2027-01-02', '2026-12-31', '2027-01-01'])
    store.seed(expiryKey({ ...ENTRY, day }), '');
  store.seed('expiry/README.md', 'no entry');
  const days: string[] = [];
  for await (const { day } of listExpiries(store, '2027-01-01')) days.push(day);
  expect(days).toEqual(['2027-01-01', '2027-01-02']);
});

it('an issuance is in the index under the day of its notAfter, before the node can read it', async () => {
  const workshop = await Workshop.open();
  const { node } = workshop.declare(set);
  const csr = set.csrs.find(({ certificateName }) => certificateName === 'apiserver');
  if (!csr) throw new Error('no CSR of apiserver');
  const key = workshop.upload(node, csr);
  let indexed: string[] = [];
  workshop.exchange.interrupt = (point) => {
    if (point !== 'before create') return;
    indexed = [...workshop.authority.objects.keys()].filter((name) => name.startsWith('expiry/'));
  };
  await workshop.process(key);
  expect(indexed).toEqual([`expiry/2027-11-24/${CLUSTER}/${node}/apiserver/r1`]);
});

it('a record of what is no request is a bug, and gets no key', async () => {
  const store = new MemoryStore();
  const record = { request: 'requests/prod', certificate: {} } as IssueRecord;
  await expect(indexExpiry(store, record)).rejects.toThrow('requests/prod');
  expect(store.objects.size).toBe(0);
});
