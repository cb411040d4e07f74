/** JSON documents in a bucket: read with their schema, written in one form. */
import type * as z from 'zod/mini';
import { Fault } from '../fault.ts';
import { describeIssue } from './describe-issue.ts';
import type { BucketObject, ObjectReader, ObjectStore, StoredObject } from './object-store.ts';

export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

/** The JSON value of an object; undefined if the object does not exist. @throws Fault document-malformed */
export async function readJson(
  store: ObjectReader,
  key: string,
  maxBytes?: number,
): Promise<unknown> {
  const text = await readText(store, key, maxBytes);
  return text === undefined ? undefined : parseJson(text, key);
}

/** The JSON value of an object, and the object: its ETag is for `replace`. */
export interface JsonObject {
  readonly value: unknown;
  readonly object: BucketObject;
}

/** As `readJson`, for a document that is to be replaced. @throws Fault document-malformed */
export async function readJsonObject(
  store: Pick<ObjectStore, 'get'>,
  key: string,
): Promise<JsonObject | undefined> {
  const object = await readDocumentObject(store, key);
  return object && { object, value: parseDocumentObject(object, key) };
}

/** An object that holds a document, not yet parsed: what cannot be parsed can still be replaced. */
export const readDocumentObject = (
  store: Pick<ObjectStore, 'get'>,
  key: string,
): Promise<BucketObject | undefined> => store.get(key, MAX_DOCUMENT_BYTES);

/** @throws Fault document-malformed */
export const parseDocumentObject = (object: StoredObject, key: string): unknown =>
  parseJson(textOf(object, key), key);

/** The text of an object; undefined if it does not exist. @throws Fault document-malformed */
export async function readText(
  store: ObjectReader,
  key: string,
  maxBytes = MAX_DOCUMENT_BYTES,
): Promise<string | undefined> {
  const object = await store.get(key, maxBytes);
  return object && textOf(object, key);
}

function textOf({ body, size, tooLarge, unreadable }: StoredObject, key: string): string {
  if (unreadable !== undefined) throw new Fault('document-malformed', `${key}: ${unreadable}`);
  if (tooLarge) throw new Fault('document-malformed', `${key}: ${size} bytes`);
  return Buffer.from(body).toString('utf8');
}

/** @throws Fault document-malformed */
export function parseJson(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault('document-malformed', `${key}: not JSON`, error);
  }
}

/** A document, checked by its schema; undefined if the object does not exist. @throws Fault document-malformed */
export async function readDocument<T>(
  store: ObjectReader,
  key: string,
  schema: z.ZodMiniType<T>,
  maxBytes?: number,
): Promise<T | undefined> {
  const value = await readJson(store, key, maxBytes);
  if (value === undefined) return undefined;
  return checkDocument(value, key, schema);
}

/** @throws Fault document-malformed, naming the first invalid field */
export function checkDocument<T>(value: unknown, key: string, schema: z.ZodMiniType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Fault(
    'document-malformed',
    `${key}: ${issue ? describeIssue(issue) : 'not valid'}`,
    result.error,
  );
}

/** For `catch`: returns the fault of a malformed document as a value. @throws every other error */
export function orMalformed(error: unknown): Fault {
  if (error instanceof Fault && error.code === 'document-malformed') return error;
  throw error;
}

/** For a caller to whom a malformed document is a missing one. @throws every other error */
export async function unlessMalformed<T>(document: Promise<T>): Promise<T | undefined> {
  const found = await document.catch(orMalformed);
  return found instanceof Fault ? undefined : found;
}

/** People read documents too: indented, with a final newline. */
export function formatDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

export const JSON_TYPE = 'application/json';
export const PEM_TYPE = 'application/x-pem-file';

export async function exists(bucket: Pick<ObjectStore, 'get'>, key: string): Promise<boolean> {
  return (await bucket.get(key, 0)) !== undefined;
}
