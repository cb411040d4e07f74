/** Time, passed in, so that tests need not wait. */
export interface Clock {
  /** The date. Somebody may set it while a program runs. */
  now(): Date;
  /** Milliseconds since some moment: nobody sets this one, so waits go by it. */
  monotonic(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
