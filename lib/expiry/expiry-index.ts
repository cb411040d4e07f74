/**
 * The expiry index: one empty object in the authority bucket for each certificate, whose key says when it expires. S3
 * lists keys in order, so a listing that starts at a date returns everything that expires later, without reading any
 * object. The newest date of a cluster, node and certificate name shows whether the certificate was renewed.
 */
import { type ExpiryEntry, expiryKey, parseExpiryKey } from '../contract/expiry-key.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Adds a certificate to the index. Repeating it changes nothing. */
export async function indexExpiry(
  authority: Pick<ObjectStore, 'create'>,
  entry: ExpiryEntry,
): Promise<void> {
  const key = expiryKey(entry);
  // a certificate whose name the reader drops would expire without an alarm
  if (!parseExpiryKey(key)) throw new Error(`${key} is not a key of the expiry index`);
  await authority.create(key, '', 'application/octet-stream');
}

/** Every certificate that expires on `from` (`YYYY-MM-DD`) or later, ordered by day. */
export async function* listExpiries(
  authority: ObjectStore,
  from: string,
): AsyncGenerator<ExpiryEntry> {
  const { expiry } = AUTHORITY_PREFIXES;
  for await (const { key } of authority.list(expiry, `${expiry}${from}`)) {
    const entry = parseExpiryKey(key);
    if (entry) yield entry;
  }
}

/** The day of a moment in UTC, `YYYY-MM-DD`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 'YYYY-MM-DD'.length);
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** @param day as `dayOf` returns it */
export function dayBefore(day: string): string {
  return dayOf(new Date(Date.parse(day) - DAY_MS));
}
