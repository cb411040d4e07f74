import type { ObjectStore } from '../lib/store/object-store.ts';

/** Both buckets. Each is opened when it is first needed, because a caller may have access to one of them only. */
export interface Buckets {
  exchange(): Promise<ObjectStore>;
  authority(): Promise<ObjectStore>;
}
