import { X509Certificate } from 'node:crypto';
import { expiryKey, parseExpiryKey } from '../../../lib/contract/expiry-key.ts';
import { listExpiries } from '../../../lib/expiry/expiry-index.ts';
import { CLUSTER, InMemoryService } from '../../support/in-memory-service.ts';
import { csrOf, kubeadmSet } from '../../support/kubeadm-sets.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const set = kubeadmSet('1.37.2', 'generate-csr', 'v4-p256');
const ENTRY = {
  day: '2027-11-24',
  cluster: 'prod',
  node: 'cp-1.prod.example.com',
  certificateName: 'super-admin.conf',
  requestId: '2026-11',
  caVersion: 2,
  serialNumber: '01a0',
};
const KEY = 'expiry/2027-11-24/prod/cp-1.prod.example.com/super-admin.conf/2026-11/2-01a0';

it('a key contains everything about its entry', () => {
  expect(expiryKey(ENTRY)).toBe(KEY);
  expect(parseExpiryKey(KEY)).toEqual(ENTRY);
});

it.each([
  ['another prefix', KEY.replace('expiry', 'records')],
  ['no date', KEY.replace('2027-11-24', 'soon')],
  ['a name too few', KEY.slice(0, KEY.lastIndexOf('/'))],
  ['a name too many', `${KEY}/more`],
  ['a cluster name in upper case', KEY.replace('prod', 'PROD')],
  ['an empty name', KEY.replace('super-admin.conf', '')],
  ['no CA version', KEY.replace('2-01a0', '01a0')],
  ['CA version 0', KEY.replace('2-01a0', '0-01a0')],
  ['a CA version with a leading zero', KEY.replace('2-01a0', '02-01a0')],
  ['a serial number in upper case', KEY.replace('2-01a0', '2-01A0')],
  ['half an octet of a serial number', KEY.replace('2-01a0', '2-01a')],
  ['no serial number', KEY.replace('2-01a0', '2-')],
])('%s is not an entry', (_, key) => {
  expect(parseExpiryKey(key)).toBeUndefined();
});

it('the longest names make a key that S3 accepts', () => {
  const label = 'x'.repeat(63);
  const longest = [label, label, label, 'x'.repeat(61)].join('.');
  const key = expiryKey({
    ...ENTRY,
    cluster: longest,
    node: longest,
    requestId: longest,
    caVersion: 999_999_999,
    serialNumber: 'f'.repeat(40),
  });
  expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024);
  expect(parseExpiryKey(key)?.requestId).toBe(longest);
});

it('lists entries from a given day on, in order', async () => {
  const store = new MemoryStore();
  for (const day of ['2027-01-02', '2026-12-31', '2027-01-01'])
    store.seed(expiryKey({ ...ENTRY, day }), '');
  store.seed('expiry/README.md', 'not an entry');
  const days: string[] = [];
  for await (const { day } of listExpiries(store, '2027-01-01')) days.push(day);
  expect(days).toEqual(['2027-01-01', '2027-01-02']);
});

it('an issuance is in the index under the day of its notAfter, before the node can read it', async () => {
  const memory = await InMemoryService.open();
  const { node } = memory.declare(set);
  const key = memory.upload(node, csrOf(set, 'apiserver'));
  let indexed: string[] = [];
  memory.exchange.interrupt = (point) => {
    if (point !== 'before create') return;
    indexed = [...memory.authority.objects.keys()].filter((name) => name.startsWith('expiry/'));
  };
  await memory.process(key);
  const pem = memory.outcome(key).certificate ?? '';
  const serial = new X509Certificate(pem).serialNumber.toLowerCase();
  expect(indexed).toEqual([`expiry/2027-11-24/${CLUSTER}/${node}/apiserver/r1/1-${serial}`]);
});
