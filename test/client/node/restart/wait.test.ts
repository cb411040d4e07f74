/** Waits go by a clock that nobody sets. */
import { until } from '../../../../client/node/restart/wait.ts';

/** A minute of sleep takes no time; the date jumps after its first look. */
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
])('a date that is set %s in between changes nothing', async (_, jumpMs) => {
  const stops = jumpingClock(jumpMs);
  const patience = { clock: stops, timeoutSeconds: 5 };
  await until(patience, 'it does not stop', async () =>
    stops.passed() < 3000 ? 'it is there' : undefined,
  );
  expect(stops.passed()).toBe(3000);
  const never = jumpingClock(jumpMs);
  await expect(
    until({ clock: never, timeoutSeconds: 5 }, 'it does not stop', async () => 'it is there'),
  ).rejects.toThrow('it does not stop within 5 seconds: it is there');
  expect(never.passed()).toBe(5000);
});
