/** Waits by a clock that nobody sets: a correction of the date neither ends a wait nor makes it longer. */
import type { Clock } from '../../clock.ts';

export interface Patience {
  readonly clock: Clock;
  readonly timeoutSeconds: number;
  /** Called at each look that was in vain. */
  readonly whileWaiting?: () => void;
}

const POLL_MS = 500;

/**
 * @param findProblem undefined if there is none any more
 * @throws Error that says what, and the last problem
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
