/** Timers that run when the test says that time has passed. */
import type { Timers } from '../../client/kubernetes/timers.ts';

export class ManualTimers implements Timers {
  #now = 0;
  #waiting: { readonly at: number; readonly milliseconds: number; readonly then: () => void }[] =
    [];

  start(milliseconds: number, then: () => void): () => void {
    const timer = { at: this.#now + milliseconds, milliseconds, then };
    this.#waiting.push(timer);
    return () => {
      this.#waiting = this.#waiting.filter((one) => one !== timer);
    };
  }

  get now(): number {
    return this.#now;
  }

  /** How long the timers that wait were started for. */
  get waiting(): number[] {
    return this.#waiting.map(({ milliseconds }) => milliseconds);
  }

  /** Runs every timer that is due by then, the earliest first; what they start may be due, too. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((one) => one !== next);
      this.#now = next.at;
      next.then();
    }
    this.#now = end;
  }
}
