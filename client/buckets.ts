import type { ObjectStore } from '../lib/store/object-store.ts';

/** Both buckets. Each is opened when it is first needed, because a caller may have access to one of them only. */
export interface Buckets {
  exchange(): Promise<ObjectStore>;
  authority(): Promise<ObjectStore>;
}

/** Opens both buckets, for a caller that needs both. */
export async function openBoth(
  buckets: Buckets,
): Promise<{ readonly exchange: ObjectStore; readonly authority: ObjectStore }> {
  const [exchange, authority] = await Promise.all([buckets.exchange(), buckets.authority()]);
  return { exchange, authority };
}
