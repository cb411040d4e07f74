/** How many calls to a bucket run at the same time: enough to hide their latency, few enough for the SDK's sockets. */
const MOST = 20;

/**
 * Like `Promise.all(items.map(action))`, with at most `MOST` calls at a time; results are in the order of the items.
 */
export async function mapSideBySide<A, B>(
  items: readonly A[],
  action: (item: A) => Promise<B>,
): Promise<B[]> {
  const results: B[] = [];
  const waiting = items.entries(); // shared: each worker takes the next item
  const work = async () => {
    for (const [index, item] of waiting) results[index] = await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(MOST, items.length) }, work));
  return results;
}
