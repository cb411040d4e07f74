/** Runs work; two pieces under one name never at the same time. */
export type OneAtATime = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/**
 * A lock by name, in the order of asking. It makes "look, then write" one step for everybody in this
 * process, which is what a conditional write needs.
 */
export function oneAtATime(): OneAtATime {
  const tails = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = tails.get(name) ?? Promise.resolve();
    const result = before.then(work);
    const tail = result.catch(() => undefined);
    tails.set(name, tail);
    try {
      return await result;
    } finally {
      if (tails.get(name) === tail) tails.delete(name);
    }
  };
}
