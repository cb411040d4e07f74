import type { Random } from './identifiers.ts';

/** Timers, so that a test can control time. */
export interface Timers {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** Writes one line of the log, a flat object. */
export type Log = (line: Record<string, unknown>) => void;

/** What the stand-in needs from outside: clock, randomness, timers, log, and its place in AWS. */
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
