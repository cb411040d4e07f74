import { Fault } from '../fault.ts';
import {
  checkDocument,
  formatDocument,
  JSON_TYPE,
  parseDocumentObject,
  readDocumentObject,
} from '../store/documents.ts';
import type { BucketObject, ObjectStore } from '../store/object-store.ts';

export type BudgetBucket = Pick<ObjectStore, 'get' | 'create' | 'replace'>;

/** `sign` runs five times at once by default, and each run counts all of its requests of a node together. */
const MOST_TRIES = 50;

export type EarlyRead = Promise<BucketObject | undefined>;

/** Starts to read a document that may be changed soon. */
export function readEarly(bucket: BudgetBucket, key: string): EarlyRead {
  const reading = readDocumentObject(bucket, key);
  reading.catch(() => undefined); // it may not be needed; if it is, its error is thrown there
  return reading;
}

/**
 * Changes a document by compare-and-set. A call that fails may have taken effect, so the change has to recognize that
 * it was already made.
 * @param early a read that was started earlier: if the document has changed since, it is read again
 * @param change returns the new document, and a result; or only a result if nothing is to be changed
 * @throws Fault unavailable if others keep changing it
 */
export async function compareAndSet<T, R>(
  bucket: BudgetBucket,
  key: string,
  schema: Parameters<typeof checkDocument<T>>[2],
  early: EarlyRead | undefined,
  change: (document: T | undefined) => Promise<{ readonly document?: T; readonly result: R }>,
): Promise<R> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const object = await (tries === 1 && early ? early : readDocumentObject(bucket, key));
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
