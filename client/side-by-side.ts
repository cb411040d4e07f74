/** How many calls to a bucket run at the same time: enough to hide their latency, few enough for the SDK's sockets. */
const MOST = 20;

/**
 * Like `Promise.all(items.map(action))`, with at most `most` calls at a time; results are in the order of the items. After
 * an error no further call begins. Nothing is running when this returns or throws.
 * @throws the first error
 */
export async function mapSideBySide<A, B>(
  items: readonly A[],
  action: (item: A) => Promise<B>,
  most = MOST,
): Promise<B[]> {
  const results: B[] = [];
  const errors: unknown[] = [];
  const waiting = items.entries(); // shared: each worker takes the next item
  const work = async () => {
    for (const [index, item] of waiting) {
      if (errors.length > 0) return;
      try {
        results[index] = await action(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work));
  if (errors.length > 0) throw errors[0];
  return results;
}
