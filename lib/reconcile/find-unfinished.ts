/** Finds requests without an outcome, or with a pending one only: an event was lost, or a run was interrupted. */

import { requestKeyOfRecord } from '../contract/decision-record.ts';
import { AUTHORITY_PREFIXES } from '../contract/prefixes.ts';
import { outcomeKeys, parseRequestKey } from '../contract/request-key.ts';
import type { Service } from '../service.ts';
import { findDecided } from './find-decided.ts';
import {
  listOpenRequests,
  type OpenRequest,
  type OpenRequests,
  type Outcomes,
} from './open-requests.ts';

export interface Window {
  /** Requests younger than this may still be in progress, in milliseconds. */
  readonly graceMs: number;
  /**
   * Records up to this age are checked too, in milliseconds; 0 skips them. Older ones have been reconciled before, and
   * their outcomes may have been deleted by the lifecycle rule. Listing the ledger takes one call for each 1000 records,
   * so this is done once a day.
   */
  readonly recordsMs: number;
}

export interface Unfinished extends OpenRequests {
  /** What to wake, each request once. */
  readonly toWake: readonly OpenRequest[];
}

const INSPECT_MS = 60 * 60 * 1000;

/** If records are checked, all pending requests are woken; otherwise only those that may have been decided. */
export async function findUnfinished(service: Service, window: Window): Promise<Unfinished> {
  const now = service.now().getTime();
  const ageOf = ({ since }: OpenRequest) => now - since.getTime();
  const { outcomes, ...open } = await listOpenRequests(service);
  const stranded = open.withoutOutcome.filter((request) => {
    // An object that is not a CSR is only searched for a private key; this is not repeated forever.
    const isDue = request.isRequest || ageOf(request) <= window.graceMs + INSPECT_MS;
    return isDue && ageOf(request) >= window.graceMs;
  });
  const mature = open.waiting.filter((request) => ageOf(request) >= window.graceMs);
  const inLedger = window.recordsMs > 0;
  const toWake = [
    ...stranded,
    ...(inLedger ? mature : await findDecided(service, mature)),
    ...(inLedger ? await findUnpublished(service, window, outcomes) : []),
  ];
  const once = new Map(toWake.map((request) => [request.key, request]));
  return { ...open, toWake: [...once.values()] };
}

/** A request that contained a private key may have been deleted before its rejection was published. */
async function findUnpublished(
  service: Service,
  { graceMs, recordsMs }: Window,
  outcomes: Outcomes,
): Promise<OpenRequest[]> {
  const found: OpenRequest[] = [];
  const now = service.now().getTime();
  for await (const { key, lastModified } of service.authority.list(AUTHORITY_PREFIXES.records)) {
    const age = now - lastModified.getTime();
    const request = requestKeyOfRecord(key);
    const address = request === undefined ? undefined : parseRequestKey(request);
    if (!address || age < graceMs || age >= recordsMs) continue;
    const { certificate, rejected } = outcomeKeys(address);
    if (!outcomes.has(certificate) && !outcomes.has(rejected))
      found.push({ key: address.key, since: lastModified });
  }
  return found;
}
