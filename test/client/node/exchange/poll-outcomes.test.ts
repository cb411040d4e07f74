/** When a command looks for outcomes, and what it prints while it waits. */
import { type Polled, pollOutcomes } from '../../../../client/node/exchange/poll-outcomes.ts';

const pending = (name: string): Polled => ({
  name,
  state: 'pending',
  requestKey: `requests/prod/cp-1/first/${name}.csr`,
});
const noOutcome = (name: string): Polled => ({ ...pending(name), state: 'no-outcome' });
const issued = (name: string): Polled => ({ ...pending(name), state: 'issued' });

/** Sleeping takes no real time, and the date jumps back an hour whenever it is read. */
async function poll(
  seconds: number,
  forApprovals: boolean,
  read: (second: number) => Polled[],
  { afterUpload = false, randomInt = (limit: number) => Math.floor((limit - 1) / 2) } = {},
) {
  const said: string[] = [];
  const looks: number[] = [];
  let passed = 0;
  let date = 1_800_000_000_000;
  const clock = {
    now: () => {
      date -= 3_600_000;
      return new Date(date);
    },
    monotonic: () => passed,
    sleep: async (ms: number) => {
      passed += ms;
    },
  };
  const terminal = {
    print: () => undefined,
    progress: (line: string) => void said.push(`${Math.floor(passed / 1000)}s ${line}`),
  };
  const wait = { seconds, forApprovals, afterUpload };
  const last = await pollOutcomes({ clock, terminal, randomInt }, wait, async () => {
    looks.push(Math.round(passed));
    return read(passed / 1000);
  });
  return { said, passed, last, looks };
}

it('says at once for what it waits and who has to run what, and gives a sign of life each minute', async () => {
  const { said, passed } = await poll(180, true, () => [pending('super-admin.conf')]);
  expect(said).toEqual([
    '0s waiting for approval of super-admin.conf (up to 3m)',
    '0s ask an approver to run: cakeless approve prod/cp-1/first/super-admin.conf.csr',
    '60s still waiting for approval of super-admin.conf (2m left)',
    '120s still waiting for approval of super-admin.conf (1m left)',
  ]);
  expect(passed).toBe(180_000); // by the monotonic clock, not by the date
});

it('names an approver only once for each request, whenever it becomes pending', async () => {
  const { said } = await poll(40, true, (second) => [
    second < 2 ? noOutcome('admin.conf') : pending('admin.conf'),
    second < 5 ? pending('super-admin.conf') : issued('super-admin.conf'),
  ]);
  expect(said.map((line) => line.replace(/^\d+s | \(.*/g, ''))).toEqual([
    'waiting for outcomes of admin.conf and approval of super-admin.conf',
    'ask an approver to run: cakeless approve prod/cp-1/first/super-admin.conf.csr',
    'waiting for approval of admin.conf, super-admin.conf',
    'ask an approver to run: cakeless approve prod/cp-1/first/admin.conf.csr',
    'waiting for approval of admin.conf',
  ]);
});

it('does not wait for approvals, or name approvers, unless it has to', async () => {
  const { said, passed, last } = await poll(30, false, () => [pending('super-admin.conf')]);
  expect([said, passed, last]).toEqual([[], 0, [pending('super-admin.conf')]]);
});

const never = () => [noOutcome('apiserver')];
const pauses = (looks: readonly number[]) => looks.slice(1).map((at, i) => at - (looks[i] ?? 0));

it('looks soon after an upload, and then less and less often, up to every five seconds', async () => {
  const { looks } = await poll(60, false, never, { afterUpload: true });
  expect(looks.slice(0, 6)).toEqual([200, 350, 500, 650, 812, 1015]);
  const late = pauses(looks.filter((at) => at > 20_000 && at < 60_000));
  expect(new Set(late)).toEqual(new Set([5000]));
  expect(looks.at(-1)).toBe(60_000); // the last look is when time is up
  expect(looks.length).toBeLessThan(32);
});

it('looks immediately if nothing was uploaded, and only once if it must not wait', async () => {
  expect((await poll(60, false, () => [issued('apiserver')])).looks).toEqual([0]);
  expect((await poll(0, false, never, { afterUpload: true })).looks).toEqual([0]);
  const found = await poll(60, false, () => [issued('apiserver')], { afterUpload: true });
  expect(found.looks).toEqual([200]);
});

it('looks less often while only approvers are missing', async () => {
  const { looks } = await poll(600, true, () => [pending('super-admin.conf')]);
  expect(Math.min(...pauses(looks).slice(0, -1))).toBeGreaterThanOrEqual(1000);
  expect(looks.length).toBeLessThan(85);
});

it.each([
  ['the shortest', () => 0, 150],
  ['the longest', (limit: number) => limit - 1, 250],
])(
  '%s pause differs by up to a quarter, so that nodes do not poll at the same time',
  async (_, randomInt, first) => {
    const { looks } = await poll(60, false, never, { afterUpload: true, randomInt });
    expect(looks[0]).toBe(first);
  },
);
