/**
 * How many CSRs were rejected lately. If they are few, someone may be correcting the record while the nodes wait. Many are
 * a flood, or a mistake that nobody corrects within minutes, and each attempt costs calls and a part of a day's budget.
 */

/** As many as the rate of further attempts allows every half a minute (turns.ts, schedule.ts). */
const FEW = 6;
const LATELY_MS = 10 * 60_000;
/** More than a few need not be counted. */
const MOST_REMEMBERED = 100;

export class RejectedLately {
  /** By uid, the one that was rejected last at the end. */
  readonly #at = new Map<string, number>();

  add(uid: string, now: number): void {
    this.#at.delete(uid);
    this.#at.set(uid, now);
    const [oldest] = this.#at.keys();
    if (this.#at.size > MOST_REMEMBERED && oldest !== undefined) this.#at.delete(oldest);
  }

  remove(uid: string): void {
    this.#at.delete(uid);
  }

  areFew(now: number): boolean {
    for (const [uid, at] of this.#at) {
      if (now - at < LATELY_MS) break;
      this.#at.delete(uid);
    }
    return this.#at.size <= FEW;
  }
}
