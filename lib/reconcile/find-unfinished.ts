/** Finds requests that have no outcome, or only a pending one: an event was lost, or a run was cut off. */
import { outcomeKeys, parseRequestKey } from '../door/request-path.ts';
import { requestKeyOfRecord } from '../issuance/record.ts';
import type { Service } from '../service.ts';
import type { ListedObject } from '../store/object-store.ts';

export interface Window {
  /** Requests younger than this are still on their way, in milliseconds. */
  readonly graceMs: number;
  /**
   * Records up to this age are looked at too, in milliseconds; 0 leaves them out. Older ones have been reconciled
   * before, and their outcomes may have expired. Listing the ledger takes a call for each 1000 records, so this is
   * for once a day.
   */
  readonly recordsMs: number;
}

const LOOK_INTO_MS = 60 * 60 * 1000;

/** The keys of the requests, each once, oldest first where that is known. */
export async function findUnfinished(service: Service, window: Window): Promise<string[]> {
  const now = service.now().getTime();
  const outcomes = new Set(await keysUnder(service.exchange.list('certificates/')));
  const unfinished = new Set<string>();
  const consider = (key: string, at: Date) => {
    const address = parseRequestKey(key);
    const age = now - at.getTime();
    if (age < window.graceMs) return;
    // What is no CSR is looked into for a private key, and comes to nothing else: not for ever.
    const isRequest = address?.path.endsWith('.csr') === true;
    if (!isRequest && age > window.graceMs + LOOK_INTO_MS) return;
    if (!address) return void unfinished.add(key);
    const { certificate, rejected } = outcomeKeys(address);
    if (!outcomes.has(certificate) && !outcomes.has(rejected)) unfinished.add(key);
  };
  for await (const { key, lastModified } of service.exchange.list('requests/'))
    consider(key, lastModified);
  if (window.recordsMs === 0) return [...unfinished];
  // The request itself may be gone (it held a private key) before its refusal was published.
  for await (const { key, lastModified } of service.authority.list('records/')) {
    const requestKey = requestKeyOfRecord(key);
    if (requestKey !== undefined && now - lastModified.getTime() < window.recordsMs)
      consider(requestKey, lastModified);
  }
  return [...unfinished];
}

async function keysUnder(list: AsyncIterable<ListedObject>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of list) keys.push(key);
  return keys;
}
