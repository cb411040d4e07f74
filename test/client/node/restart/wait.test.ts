/** Waits use the monotonic clock. */
import { until } from '../../../../client/node/restart/wait.ts';

/** Sleeping takes no real time; the date jumps after it was first read. */
function jumpingClock(jumpMs: number) {
  let passed = 0;
  let looks = 0;
  const now = () => {
    looks += 1;
    return new Date(1_800_000_000_000 + passed + (looks > 1 ? jumpMs : 0));
  };
  const sleep = async (ms: number) => {
    passed += ms;
    now();
  };
  return { now, monotonic: () => passed, sleep, passed: () => passed };
}

const HOUR_MS = 3600_000;

it.each([
  ['an hour forward', HOUR_MS],
  ['an hour back', -HOUR_MS],
])('setting the date %s during a wait does not change how long it takes', async (_, jumpMs) => {
  const stops = jumpingClock(jumpMs);
  const limits = { clock: stops, timeoutSeconds: 5 };
  await until(limits, 'it does not stop', async () =>
    stops.passed() < 3000 ? 'it is running' : undefined,
  );
  expect(stops.passed()).toBe(3000);
  const never = jumpingClock(jumpMs);
  await expect(
    until({ clock: never, timeoutSeconds: 5 }, 'it does not stop', async () => 'it is running'),
  ).rejects.toThrow('it does not stop within 5 seconds: it is running');
  expect(never.passed()).toBe(5000);
});
