/** Deadlines and pauses as a dependency, so that tests do not wait. */
export interface Timers {
  /** Calls `then` once, after so many milliseconds. @returns a function that prevents the call */
  start(milliseconds: number, then: () => void): () => void;
}

export const systemTimers: Timers = {
  start(milliseconds, then) {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** @returns when the time is over, or as soon as the signal is aborted */
export function pause(timers: Timers, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = timers.start(milliseconds, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
