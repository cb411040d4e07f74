/** Time as a dependency, so that tests do not wait. */
export interface Clock {
  /** The date and time of day, which can be changed while the program runs. */
  now(): Date;
  /** Milliseconds since an arbitrary moment. Waits use it, because it cannot be changed. */
  monotonic(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};
