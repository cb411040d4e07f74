/** A rate limit: up to `burst` at once, and one more each `everyMs`. */
export class TokenBucket {
  readonly #burst: number;
  readonly #everyMs: number;
  #tokens: number;
  #at: number | undefined;

  constructor(burst: number, everyMs: number) {
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#tokens = burst;
  }

  /** @param now milliseconds of a clock that cannot be changed */
  take(now: number): boolean {
    if (!this.has(now)) return false;
    this.#tokens -= 1;
    return true;
  }

  has(now: number): boolean {
    return this.waitMs(now) === 0;
  }

  /** How long until a token is there; 0 if one is there now. */
  waitMs(now: number): number {
    this.#refill(now);
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) * this.#everyMs);
  }

  #refill(now: number): void {
    const passed = now - (this.#at ?? now);
    this.#at = now;
    // a thousandth of a token is lost to rounding at most, and a token is whole in time
    const tokens = this.#tokens + passed / this.#everyMs;
    this.#tokens = Math.min(this.#burst, Math.round(tokens * 1e6) / 1e6);
  }
}
