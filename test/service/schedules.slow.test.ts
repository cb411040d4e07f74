/** When `cakeless local` calls `reconcile`. */
import { systemTimers, type Timers } from '../../local/surroundings.ts';
import { RunningService } from '../support/running-service.ts';

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];

/** What is planned for a minute or later waits for the test. */
class LongTimers implements Timers {
  readonly planned = new Map<number, () => void>();
  #onPlanned: () => void = () => undefined;

  setTimeout(callback: () => void, delayMs: number): unknown {
    if (delayMs < MINUTE_MS) return systemTimers.setTimeout(callback, delayMs);
    this.planned.set(delayMs, callback);
    this.#onPlanned();
    return undefined;
  }

  clearTimeout(handle: unknown): void {
    if (handle !== undefined) systemTimers.clearTimeout(handle);
  }

  /** Resolves when the call is over and the next one is planned. */
  run(delayMs: number): Promise<void> {
    const callback = this.planned.get(delayMs);
    this.planned.delete(delayMs);
    const next = new Promise<void>((resolve) => {
      this.#onPlanned = resolve;
    });
    callback?.();
    return next;
  }
}

it('runs the daily check ten minutes after the start, then once a day, beside the run of each minute', async () => {
  const timers = new LongTimers();
  const service = await RunningService.start(undefined, timers);
  try {
    expect([...timers.planned.keys()]).toEqual([MINUTE_MS, 10 * MINUTE_MS]);
    await timers.run(10 * MINUTE_MS);
    expect([...timers.planned.keys()]).toEqual([MINUTE_MS, DAY_MS]);
    await timers.run(MINUTE_MS);
    expect([...timers.planned.keys()].sort()).toEqual([MINUTE_MS, DAY_MS].sort());
  } finally {
    await service.close();
  }
});
