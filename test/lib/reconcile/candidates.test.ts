/** What a run keeps of a node that has more requests than one run queues. */
import { Candidates } from '../../../lib/reconcile/candidates.ts';

const at = (i: number) => new Date(Date.UTC(2026, 10, 24, 0, 0, i));
const request = (i: number) => ({ key: `requests/prod/users/r${i}/user.csr`, since: at(i) });
const REQUESTS = Array.from({ length: 300 }, (_, i) => request(i));

function kept(run: string, requests = REQUESTS): string[] {
  const candidates = new Candidates(run);
  for (const one of requests) candidates.add(one);
  expect(candidates.all().length + candidates.left).toBe(requests.length);
  return candidates.all().map(({ key }) => key);
}

it('is at most fifty requests, each once', () => {
  const keys = kept('1', [...REQUESTS].reverse());
  expect(keys).toHaveLength(50);
  expect(new Set(keys).size).toBe(50);
});

it.each([
  ['as S3 lists them', REQUESTS],
  ['the newest first', [...REQUESTS].reverse()],
])('contains the oldest: %s', (_, requests) => {
  const oldest = REQUESTS.slice(0, 25).map(({ key }) => key);
  expect(kept('1', requests)).toEqual(expect.arrayContaining(oldest));
});

it('does not depend on the order in which they are found', () => {
  expect(kept('1', [...REQUESTS].reverse()).sort()).toEqual(kept('1').sort());
});

// fifty requests of one user that nobody approves would otherwise hide those of all others, whose events were lost
it('is each request within some runs, although the oldest are never finished', () => {
  const found = new Set<string>();
  for (let run = 0; run < 100; run++) for (const key of kept(String(run))) found.add(key);
  expect(found.size).toBe(REQUESTS.length);
});
