/** What a command prints while it waits. */
import { type Polled, pollOutcomes } from '../../../../client/node/exchange/poll-outcomes.ts';

const pending = (name: string): Polled => ({
  name,
  state: 'pending',
  requestKey: `requests/prod/cp-1/first/${name}.csr`,
});
const noOutcome = (name: string): Polled => ({ ...pending(name), state: 'no-outcome' });
const issued = (name: string): Polled => ({ ...pending(name), state: 'issued' });

/** Sleeping takes no real time, and the date jumps back an hour whenever it is read. */
async function poll(seconds: number, forApprovals: boolean, read: (second: number) => Polled[]) {
  const said: string[] = [];
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
  const last = await pollOutcomes({ clock, terminal }, { seconds, forApprovals }, async () =>
    read(passed / 1000),
  );
  return { said, passed, last };
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
