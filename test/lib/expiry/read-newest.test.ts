/** How much of the expiry index is read, whatever is in it. */
import { type ExpiryEntry, expiryKey } from '../../../lib/contract/expiry-key.ts';
import { readNewest } from '../../../lib/expiry/read-newest.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const SPAN = { today: '2027-06-15', from: '2027-06-10', mostPast: 1000 };

function storeOf(...entries: readonly Partial<ExpiryEntry>[]) {
  const store = new MemoryStore();
  for (const more of entries)
    store.seed(
      expiryKey({
        day: '2027-06-15',
        cluster: 'prod',
        node: 'w-1',
        certificateName: 'kubelet-client',
        requestId: 'uid',
        caVersion: 1,
        serialNumber: '01a0',
        ...more,
      }),
      '',
    );
  return store;
}

it('returns one certificate of each cluster, node and name, the newest', async () => {
  const store = storeOf(
    ...['2027-06-11', '2027-06-14', '2027-06-16'].map((day) => ({ day })),
    { day: '2027-06-12', node: 'w-2' },
    { day: '2028-06-12', certificateName: 'kubelet-serving' },
    { day: '2027-06-12', cluster: 'other' },
  );
  const { entries, readFrom } = await readNewest(store, SPAN);
  expect(entries.map(({ day, cluster, node }) => `${day} ${cluster}/${node}`).sort()).toEqual([
    '2027-06-12 other/w-1',
    '2027-06-12 prod/w-2',
    '2027-06-16 prod/w-1',
    '2028-06-12 prod/w-1',
  ]);
  expect(readFrom).toBe('2027-06-10');
});

it('reads nothing of the days before the first', async () => {
  const store = storeOf({ day: '2027-06-09' }, { day: '2027-06-10', node: 'w-2' });
  const { entries } = await readNewest(store, SPAN);
  expect(entries.map(({ node }) => node)).toEqual(['w-2']);
});

it('of too many certificates that have expired, it reads the last days, and says so', async () => {
  const ofDay = (day: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ day, requestId: `uid-${i}`, node: `w-${i}` }));
  const store = storeOf(
    ...ofDay('2027-06-12', 20),
    ...ofDay('2027-06-13', 60),
    ...ofDay('2027-06-14', 60),
    ...ofDay('2027-06-16', 200),
    { day: '2027-06-12', node: 'gone' },
  );
  const { entries, readFrom } = await readNewest(store, { ...SPAN, mostPast: 100 });
  expect(readFrom).toBe('2027-06-14');
  expect(entries).toHaveLength(200);
  expect((await readNewest(store, { ...SPAN, mostPast: 121 })).readFrom).toBe('2027-06-13');
  expect((await readNewest(store, { ...SPAN, mostPast: 142 })).readFrom).toBe('2027-06-10');
});

it('a listing ends at the limit: what follows is not asked for', async () => {
  const store = storeOf(
    ...Array.from({ length: 50 }, (_, i) => ({ day: '2027-06-14', requestId: `uid-${i}` })),
  );
  let listed = 0;
  const counting = {
    async *list(prefix: string, after?: string) {
      for await (const object of store.list(prefix, after)) {
        listed += 1;
        yield object;
      }
    },
  };
  await readNewest(counting, { ...SPAN, mostPast: 10 });
  expect(listed).toBe(10);
});
