/** Reads of S3 that are under way at a time: 7,000 small objects take a few seconds, and few are in memory. */
const CONCURRENT_READS = 40;

/** Does something for each item, a few at a time, and returns the results in the order of the items. */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  const rest = items.entries();
  const work = async () => {
    for (const [i, item] of rest) results[i] = await read(item);
  };
  await Promise.all(Array.from({ length: CONCURRENT_READS }, work));
  return results;
}
