/** Waits are measured with the monotonic clock: correcting the date does not change how long a wait takes. */
import type { Clock } from '../../clock.ts';

export interface Patience {
  readonly clock: Clock;
  readonly timeoutSeconds: number;
  /** Called after each check that still found a problem. */
  readonly whileWaiting?: () => void;
}

const POLL_MS = 500;

/**
 * @param what the message if the time is up, such as `etcd does not stop`
 * @param findProblem returns undefined once there is no problem
 * @throws Error with `what` and the last problem
 */
export async function until(
  { clock, timeoutSeconds, whileWaiting }: Patience,
  what: string,
  findProblem: () => Promise<string | undefined>,
): Promise<void> {
  const deadline = clock.monotonic() + timeoutSeconds * 1000;
  for (;;) {
    const problem = await findProblem();
    if (problem === undefined) return;
    if (clock.monotonic() >= deadline)
      throw new Error(`${what} within ${timeoutSeconds} seconds: ${problem}`);
    whileWaiting?.();
    await clock.sleep(POLL_MS);
  }
}
