import { Fault } from '../fault.ts';
import {
  checkDocument,
  formatDocument,
  JSON_TYPE,
  parseDocumentObject,
  readDocumentObject,
} from '../store/documents.ts';
import type { ObjectStore } from '../store/object-store.ts';

export type BudgetBucket = Pick<ObjectStore, 'get' | 'create' | 'replace'>;

/** `sign` runs five times at once by default, and each run counts all of its requests of a node together. */
const MOST_TRIES = 50;

/**
 * Changes a document by compare-and-set. A call that fails may have taken effect, so the change has to recognize that
 * it was already made.
 * @param change returns the new document, and a result; or only a result if nothing is to be changed
 * @throws Fault unavailable if others keep changing it
 */
export async function compareAndSet<T, R>(
  bucket: BudgetBucket,
  key: string,
  schema: Parameters<typeof checkDocument<T>>[2],
  change: (document: T | undefined) => Promise<{ readonly document?: T; readonly result: R }>,
): Promise<R> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const object = await readDocumentObject(bucket, key);
    const known = object && checkDocument(parseDocumentObject(object, key), key, schema);
    const { document, result } = await change(known);
    if (document === undefined) return result;
    const text = formatDocument(document);
    const written = object
      ? await bucket.replace(key, text, JSON_TYPE, object.eTag)
      : await bucket.create(key, text, JSON_TYPE);
    if (written === 'replaced' || written === 'created') return result;
  }
  throw new Fault('unavailable', `${key}: changed by others ${MOST_TRIES} times in a row`);
}
