/** Waits for what comes in its own time. The limit is far beyond what it takes; a test that reaches it has failed. */
const LIMIT_MS = 180_000;
const PAUSE_MS = 300;

/** The first answer that is not undefined. What is thrown means "not yet"; at the end it is the reason. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    let reason = '';
    try {
      const answer = await look();
      if (answer !== undefined) return answer;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      reason = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${limitMs / 1000} s. ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** What will not come any more, whatever one waits. */
export class Hopeless extends Error {}
