/** JSON documents in a bucket: read with their schema, written in one form. */
import type * as z from 'zod/mini';
import { Fault } from '../fault.ts';
import type { ObjectStore } from './object-store.ts';

const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** The JSON value of an object; undefined if there is none. @throws Fault document-malformed */
export async function readJson(store: ObjectStore, key: string): Promise<unknown> {
  const object = await store.get(key, MAX_DOCUMENT_BYTES);
  if (!object) return undefined;
  if (object.tooLarge) throw new Fault('document-malformed', `${key}: ${object.size} bytes`);
  try {
    return JSON.parse(Buffer.from(object.body).toString('utf8'));
  } catch (error) {
    throw new Fault('document-malformed', `${key}: not JSON`, error);
  }
}

/** A document of ours, checked; undefined if there is none. @throws Fault document-malformed */
export async function readDocument<T>(
  store: ObjectStore,
  key: string,
  schema: z.ZodMiniType<T>,
): Promise<T | undefined> {
  const value = await readJson(store, key);
  if (value === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Fault(
    'document-malformed',
    `${key}: ${issue?.path.join('.')}: ${issue?.message}`,
    result.error,
  );
}

/** Documents are for people too: indented, with a line end. */
export function formatDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export const JSON_TYPE = 'application/json';
export const PEM_TYPE = 'application/x-pem-file';
