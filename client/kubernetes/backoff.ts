/** Pauses between attempts: short at first, then longer, and different for each client. */
import type { RandomInt } from '../node/exchange/rhythm.ts';
import type { Timers } from './timers.ts';

const SHORTEST_MS = 500;
/** An API server that is back is noticed within seconds. */
const LONGEST_MS = 15_000;
/** A server that asks for more would stop the client for too long. */
const LONGEST_ASKED_MS = 60_000;
/** What works for so long has recovered. */
const RECOVERED_MS = 30_000;

export class Backoff {
  readonly #timers: Timers;
  readonly #randomInt: RandomInt;
  #failures = 0;

  constructor(timers: Timers, randomInt: RandomInt) {
    this.#timers = timers;
    this.#randomInt = randomInt;
  }

  /** @param askedSeconds what the server asked for: the pause is not shorter */
  nextMs(askedSeconds = 0): number {
    const longest = Math.min(SHORTEST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures = Math.min(this.#failures + 1, 10);
    const chosen = longest / 2 + this.#randomInt(longest / 2 + 1);
    return Math.max(chosen, Math.min(askedSeconds * 1000, LONGEST_ASKED_MS));
  }

  /** Something works from now on. @returns a function to call when it ends */
  succeeding(): () => void {
    return this.#timers.start(RECOVERED_MS, () => {
      this.#failures = 0;
    });
  }
}
