/** Writes a document only over the version that was read, so that no change by another person is lost. */
import { JSON_TYPE } from '../lib/store/documents.ts';
import type { ObjectStore } from '../lib/store/object-store.ts';

/**
 * @param eTag of the version that was read; undefined if it did not exist
 * @returns false, with nothing written, if someone else wrote or removed the document in the meantime
 */
export async function writeOver(
  store: ObjectStore,
  key: string,
  text: string,
  eTag: string | undefined,
): Promise<boolean> {
  const result =
    eTag === undefined
      ? await store.create(key, text, JSON_TYPE)
      : await store.replace(key, text, JSON_TYPE, eTag);
  if (result === 'created' || result === 'replaced') return true;
  // A retry meets its own earlier write if the first response was lost.
  const ours = Buffer.from(text);
  const current = await store.get(key, ours.length);
  return current !== undefined && ours.equals(current.body);
}
