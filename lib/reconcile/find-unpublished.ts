/** Finds decisions that were recorded but not published. */
import { requestKeyOfRecord } from '../contract/decision-record.ts';
import { AUTHORITY_PREFIXES, EXCHANGE_PREFIXES } from '../contract/prefixes.ts';
import { outcomeKeys, parseRequestKey } from '../contract/request-key.ts';
import type { Service } from '../service.ts';
import { type Calls, KeyLookup, type WalkEnd, walkKeys } from './listing.ts';
import type { OpenRequest } from './walk-requests.ts';

export interface LedgerOptions {
  /** The last key that an earlier run looked at. */
  readonly after: string | undefined;
  readonly calls: Calls;
  /** Whether a record that was written then may have an outcome that is missing. */
  readonly isDue: (recorded: Date) => boolean;
}

/** A request that contained a private key may have been deleted before its rejection was published. */
export function findUnpublished(
  service: Pick<Service, 'exchange' | 'authority'>,
  { calls, isDue, after }: LedgerOptions,
  found: (request: OpenRequest) => void,
): Promise<WalkEnd> {
  const outcomes = new KeyLookup(service.exchange, EXCHANGE_PREFIXES.certificates, calls);
  const from = { prefix: AUTHORITY_PREFIXES.records, after };
  return walkKeys(calls, service.authority, from, async ({ key, lastModified }) => {
    const request = requestKeyOfRecord(key);
    if (request === undefined || !isDue(lastModified)) return key;
    const published = await isPublished(outcomes, request);
    if (published === 'unknown') return undefined;
    if (!published) found({ key: request, since: lastModified });
    return key;
  });
}

async function isPublished(outcomes: KeyLookup, request: string): Promise<boolean | 'unknown'> {
  const address = parseRequestKey(request);
  if (!address) return true; // there is no key to publish it under
  const { certificate, rejected } = outcomeKeys(address);
  const found = [await outcomes.find(certificate), await outcomes.find(rejected)];
  return found.includes('unknown') ? 'unknown' : found.some((object) => object !== undefined);
}
