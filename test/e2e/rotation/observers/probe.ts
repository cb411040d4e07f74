/** Repeats one request, and counts what a client with ordinary retries loses. */

export interface ProbePlan {
  readonly name: string;
  readonly everyMs: number;
  /** @throws Error unless it succeeds */
  readonly run: () => Promise<unknown>;
}

export interface Account {
  /** A summary in one line. */
  readonly words: string;
  /** What was lost, each in a sentence. */
  readonly lost: readonly string[];
}

const RETRY_MS = 500;
/** A component that restarts is back within this time. */
const RETRIES_MS = 60_000;

/** No restart explains a certificate that is not accepted, so no retry excuses it. */
const OF_CERTIFICATES =
  /x509|tls: |UNABLE_TO|SELF_SIGNED|CERT_|ERR_SSL|ERR_TLS|\b401\b|\b403\b|unauthorized|forbidden/i;

export const isOfCertificates = (reason: string): boolean => OF_CERTIFICATES.test(reason);

export class Probe {
  readonly #plan: ProbePlan;
  readonly #failures = new Map<string, number>();
  readonly #lost: string[] = [];
  #done = 0;
  #longestMs = 0;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(plan: ProbePlan) {
    this.#plan = plan;
  }

  start(): void {
    this.#running = this.#repeat();
  }

  async stop(): Promise<Account> {
    this.#stopped = true;
    await this.#running;
    const { name } = this.#plan;
    const words = `${name}: ${this.#done} done, failed at first: ${counted(this.#failures)}, ${this.#lost.length} lost, longest ${(this.#longestMs / 1000).toFixed(1)} s`;
    return { words, lost: this.#lost.map((reason) => `${name}: ${reason}`) };
  }

  async #repeat(): Promise<void> {
    while (!this.#stopped) {
      const next = pause(this.#plan.everyMs);
      await this.#one();
      await next;
    }
  }

  async #one(): Promise<void> {
    const started = performance.now();
    for (;;) {
      const reason = await this.#plan.run().then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      );
      const tookMs = performance.now() - started;
      if (reason === undefined) {
        this.#done += 1;
        this.#longestMs = Math.max(this.#longestMs, tookMs);
        return;
      }
      const short = reason.replace(/\s+/g, ' ').slice(-200);
      this.#failures.set(short, (this.#failures.get(short) ?? 0) + 1);
      if (isOfCertificates(reason) || tookMs > RETRIES_MS) {
        this.#lost.push(`${new Date().toISOString()} ${short}`);
        return;
      }
      if (this.#stopped) return;
      await pause(RETRY_MS);
    }
  }
}

/** `3 (2 ECONNRESET, 1 no answer)` */
export function counted(counts: ReadonlyMap<string, number>): string {
  const sum = [...counts.values()].reduce((a, b) => a + b, 0);
  if (sum === 0) return '0';
  return `${sum} (${[...counts].map(([words, count]) => `${count} ${words}`).join(', ')})`;
}

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
