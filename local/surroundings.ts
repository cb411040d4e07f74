import type { Random } from './identifiers.ts';

/** Delays, so that a test can let time pass by hand. */
export interface Timers {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** One line of the log, as a flat object. */
export type Log = (line: Record<string, unknown>) => void;

/** Everything that the stand-in takes from the world around it. */
export interface Surroundings {
  readonly region: string;
  readonly accountId: string;
  readonly now: () => Date;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Log;
}

/** The timers of the running process. */
export const systemTimers: Timers = {
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};
