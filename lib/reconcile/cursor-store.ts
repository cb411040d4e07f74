/** Reads and saves where reconcile continues. */
import {
  RECONCILE_CURSOR_KEY,
  type ReconcileCursor,
  reconcileCursorSchema,
} from '../contract/reconcile-cursor.ts';
import {
  formatDocument,
  JSON_TYPE,
  parseDocumentObject,
  readDocumentObject,
} from '../store/documents.ts';
import type { BucketObject, ObjectStore } from '../store/object-store.ts';
import { FIRST_CURSOR } from './find-unfinished.ts';

type CursorBucket = Pick<ObjectStore, 'get' | 'create' | 'replace'>;

export interface StoredCursor {
  readonly cursor: ReconcileCursor;
  /** undefined if none is stored. */
  readonly object: BucketObject | undefined;
}

/** One that cannot be read counts as missing, and is replaced. */
export async function readCursor(authority: CursorBucket): Promise<StoredCursor> {
  const object = await readDocumentObject(authority, RECONCILE_CURSOR_KEY);
  return { object, cursor: (object && parse(object)) ?? FIRST_CURSOR };
}

function parse(object: BucketObject): ReconcileCursor | undefined {
  try {
    return reconcileCursorSchema.safeParse(parseDocumentObject(object, RECONCILE_CURSOR_KEY)).data;
  } catch {
    return undefined;
  }
}

/**
 * Saves it if it has changed, and no other run has saved its own in the meantime: then that one counts.
 * @returns whether it is stored
 */
export async function saveCursor(
  authority: CursorBucket,
  { object }: StoredCursor,
  cursor: ReconcileCursor,
): Promise<boolean> {
  const text = formatDocument(cursor);
  if (object === undefined) {
    if (isIdle(cursor)) return true;
    return (await authority.create(RECONCILE_CURSOR_KEY, text, JSON_TYPE)) === 'created';
  }
  if (Buffer.from(object.body).toString('utf8') === text) return true;
  const { eTag } = object;
  return (await authority.replace(RECONCILE_CURSOR_KEY, text, JSON_TYPE, eTag)) === 'replaced';
}

/** Whether the next run would do the same without it: only `last` is lost, which such a run does not need. */
function isIdle({ after, continued, daily, ledger }: ReconcileCursor): boolean {
  return after === undefined && Object.keys(continued).length === 0 && !daily && !ledger;
}
