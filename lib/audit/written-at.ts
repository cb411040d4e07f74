import type { ObjectStore } from '../store/object-store.ts';

/** When an object was last written; undefined if it does not exist. */
export async function writtenAt(authority: ObjectStore, key: string): Promise<Date | undefined> {
  // in a listing of its key as a prefix, the object itself comes first
  for await (const object of authority.list(key))
    return object.key === key ? object.lastModified : undefined;
  return undefined;
}
