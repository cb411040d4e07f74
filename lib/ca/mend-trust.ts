/**
 * Compares what nodes read of a trust domain with its document, and publishes it again if it differs: a call of create-ca
 * may have been killed before it published a change, or somebody may have written to the bucket. Nothing is published but
 * what the document says.
 */
import { EXCHANGE_PREFIXES } from '../contract/prefixes.ts';
import { trustDomainKey, trustDomainSchema } from '../contract/trust-domain.ts';
import type { Service } from '../service.ts';
import { MAX_DOCUMENT_BYTES, readDocument } from '../store/documents.ts';
import { type PublishedObject, publishedObjectsOf, publishTrust } from './publish-trust.ts';

export interface TrustMisfits {
  /** Keys of objects that were missing or different, and are right now. */
  readonly republished: readonly string[];
  /** Keys of objects that nothing publishes. They stay: only break-glass deletes anything here. */
  readonly unknown: readonly string[];
}

/** Of objects that nothing publishes: how many more there are changes nothing. */
const MOST_OBJECTS = 1000;

/** @throws Fault document-malformed if the document cannot be read */
export async function mendTrust(
  service: Pick<Service, 'authority' | 'exchange'>,
  trustDomain: string,
): Promise<TrustMisfits> {
  const { authority, exchange } = service;
  const document = await readDocument(authority, trustDomainKey(trustDomain), trustDomainSchema);
  if (!document) return { republished: [], unknown: [] };
  const wanted = publishedObjectsOf(document);
  const differ = await Promise.all(wanted.map((object) => isDifferent(exchange, object)));
  const republished = wanted.filter((_, i) => differ[i]).map(({ key }) => key);
  if (republished.length > 0) await publishTrust(service, trustDomain);
  const known = new Set(wanted.map(({ key }) => key));
  const unknown: string[] = [];
  for await (const { key } of exchange.list(`${EXCHANGE_PREFIXES.trust}${trustDomain}/`)) {
    if (unknown.length === MOST_OBJECTS) break;
    if (!known.has(key)) unknown.push(key);
  }
  return { republished, unknown };
}

async function isDifferent(
  exchange: Service['exchange'],
  { key, text }: PublishedObject,
): Promise<boolean> {
  const found = await exchange.get(key, MAX_DOCUMENT_BYTES);
  return !found || !Buffer.from(text).equals(found.body);
}
