/** Looks at the requests in the exchange bucket, in the order of their keys: no object is read. */
import { EXCHANGE_PREFIXES } from '../contract/prefixes.ts';
import { outcomeKeys, parseRequestKey, requestKindOf } from '../contract/request-key.ts';
import type { ListedObject, ObjectStore } from '../store/object-store.ts';
import { type Calls, KEYS_PER_CALL, KeyLookup, type WalkEnd, walkKeys } from './listing.ts';
import type { Places } from './places.ts';

export interface OpenRequest {
  readonly key: string;
  /** When it was uploaded, or, if it is pending, since when. */
  readonly since: Date;
}

/** A request to be processed again. */
export interface FoundRequest extends OpenRequest {
  readonly state: /** It has no outcome. */
    | 'open'
    /** An approver has to decide. */
    | 'waiting'
    /** It is decided, but pending.json is still there: a run was killed before it removed it. */
    | 'left-pending'
    /** The object is not a request, and may never get an outcome. */
    | 'stray';
}

export interface WalkOptions {
  /** The last key that an earlier run looked at. */
  readonly after: string | undefined;
  readonly calls: Calls;
  readonly places: Places;
  /** Whether to look for the outcome of a stray object uploaded then; otherwise it costs no call. */
  readonly isStrayDue: (uploaded: Date) => boolean;
}

/** @param found is called for every request that is not finished */
export async function walkRequests(
  exchange: Pick<ObjectStore, 'list'>,
  options: WalkOptions,
  found: (request: FoundRequest) => void,
): Promise<WalkEnd> {
  const { calls, places, after } = options;
  const outcomes = new KeyLookup(exchange, EXCHANGE_PREFIXES.certificates, calls);
  const from = { prefix: EXCHANGE_PREFIXES.requests, after };
  const end = await walkKeys(calls, exchange, from, async (object, last) => {
    const position = places.skip(object.key, last);
    if (position !== undefined) return position;
    const before = calls.made;
    const seen = await look(object, outcomes, options);
    places.spend(calls.made - before + 1 / KEYS_PER_CALL);
    if (seen === 'unknown') return undefined;
    if (seen) found(seen);
    return object.key;
  });
  if (end.complete) places.finish();
  return end;
}

/** @returns undefined if the request has its outcome */
async function look(
  { key, lastModified: since }: ListedObject,
  outcomes: KeyLookup,
  { isStrayDue }: WalkOptions,
): Promise<FoundRequest | undefined | 'unknown'> {
  const address = parseRequestKey(key);
  const state = address && requestKindOf(address) ? 'open' : 'stray';
  if (state === 'stray' && !isStrayDue(since)) return undefined;
  if (!address) return { key, since, state };
  const { certificate, pending, rejected } = outcomeKeys(address);
  const found = [];
  for (const outcome of [certificate, pending, rejected]) {
    const object = await outcomes.find(outcome);
    if (object === 'unknown') return 'unknown';
    found.push(object);
  }
  const [issued, waiting, refused] = found;
  if (issued || refused)
    return waiting && { key, since: waiting.lastModified, state: 'left-pending' };
  return waiting ? { key, since: waiting.lastModified, state: 'waiting' } : { key, since, state };
}
