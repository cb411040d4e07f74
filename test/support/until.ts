/**
 * Waits for something to happen. Tests wait in no other way: no test depends on a fixed pause, and the limit is far
 * longer than any operation takes, so a test that reaches it has failed.
 */
const LIMIT_MS = 180_000;
const PAUSE_MS = 50;

/**
 * Calls `look` until it returns a result. An error means "not yet" and is the reason that is reported at the limit, unless it
 * is Hopeless.
 * @returns the first result that is not undefined
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    let reason = '';
    try {
      const result = await look();
      if (result !== undefined) return result;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      reason = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${limitMs / 1000} s. ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** `until` for a condition. */
export async function untilTrue(
  what: string,
  look: () => boolean | Promise<boolean>,
  limitMs?: number,
): Promise<void> {
  await until(what, async () => ((await look()) ? true : undefined), limitMs);
}

/** What waiting longer cannot change. */
export class Hopeless extends Error {}

/** For `catch`: an error that ends the wait. */
export function hopeless(error: unknown): never {
  throw new Hopeless(error instanceof Error ? error.message : String(error), { cause: error });
}
