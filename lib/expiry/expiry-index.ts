/**
 * The expiry index: one empty object in the authority bucket for each certificate, whose key says when it expires.
 *
 *   expiry/<notAfter as YYYY-MM-DD>/<cluster>/<node>/<certificate name>/<request id>
 *
 * S3 lists keys in order, so a listing from a date on gives what expires from then on, without reading an object. The
 * newest date of a (cluster, node, certificate name) says whether it was renewed.
 */
import { parseRequestKey } from '../contract/request-key.ts';
import type { IssueRecord } from '../issuance/record.ts';
import { isSubdomain } from '../names.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** A certificate, as its key in the index tells of it. */
export interface ExpiryEntry {
  /** Day of notAfter in UTC, `YYYY-MM-DD`: texts of days compare as the days do. */
  readonly day: string;
  readonly cluster: string;
  readonly node: string;
  /** As text: the index may hold names that a release of ours does not know yet, or any more. */
  readonly certificateName: string;
  readonly requestId: string;
}

const PREFIX = 'expiry/';

/** Puts a certificate into the index. Repeating it changes nothing. */
export async function indexExpiry(authority: ObjectStore, record: IssueRecord): Promise<void> {
  const address = parseRequestKey(record.request);
  if (!address) throw new Error(`${record.request}: a record of what is no request`);
  const { cluster, node, requestId } = address;
  const day = dayOf(new Date(record.certificate.notAfter));
  const { certificateName } = record;
  const key = expiryKey({ day, cluster, node, certificateName, requestId });
  await authority.create(key, '', 'application/octet-stream');
}

/** Every certificate that expires on `from` (`YYYY-MM-DD`) or later, in the order of the days. */
export async function* listExpiries(
  authority: ObjectStore,
  from: string,
): AsyncGenerator<ExpiryEntry> {
  for await (const { key } of authority.list(PREFIX, `${PREFIX}${from}`)) {
    const entry = parseExpiryKey(key);
    if (entry) yield entry;
  }
}

export function expiryKey(entry: ExpiryEntry): string {
  const { day, cluster, node, certificateName, requestId } = entry;
  return `${PREFIX}${day}/${cluster}/${node}/${certificateName}/${requestId}`;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** undefined for any other key. */
export function parseExpiryKey(key: string): ExpiryEntry | undefined {
  const [prefix, day = '', cluster = '', node = '', certificateName = '', requestId = '', ...rest] =
    key.split('/');
  if (`${prefix}/` !== PREFIX || !DAY.test(day) || rest.length > 0) return undefined;
  if (![cluster, node, certificateName, requestId].every(isSubdomain)) return undefined;
  return { day, cluster, node, certificateName, requestId };
}

/** The day of a moment in UTC, `YYYY-MM-DD`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 'YYYY-MM-DD'.length);
}
