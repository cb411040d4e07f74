/** Finds requests that have no outcome, or only a pending one: an event was lost, or a run was cut off. */
import { outcomeKeys, parseRequestKey } from '../contract/request-key.ts';
import { requestKeyOfRecord } from '../issuance/record.ts';
import type { Service } from '../service.ts';
import { findAnswered } from './find-answered.ts';
import {
  listOpenRequests,
  type OpenRequest,
  type OpenRequests,
  type Outcomes,
} from './open-requests.ts';

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

export interface Unfinished extends OpenRequests {
  /** What to wake, each request once. */
  readonly toWake: readonly OpenRequest[];
}

const LOOK_INTO_MS = 60 * 60 * 1000;

/** Where records are looked at, everything that waits is woken as well; otherwise what may have been answered. */
export async function findUnfinished(service: Service, window: Window): Promise<Unfinished> {
  const now = service.now().getTime();
  const ageOf = ({ since }: OpenRequest) => now - since.getTime();
  const { outcomes, ...open } = await listOpenRequests(service);
  const stranded = open.unanswered.filter((request) => {
    // What is no CSR is looked into for a private key, and comes to nothing else: not for ever.
    const look = request.isRequest || ageOf(request) <= window.graceMs + LOOK_INTO_MS;
    return look && ageOf(request) >= window.graceMs;
  });
  const mature = open.waiting.filter((request) => ageOf(request) >= window.graceMs);
  const inLedger = window.recordsMs > 0;
  const toWake = [
    ...stranded,
    ...(inLedger ? mature : await findAnswered(service, mature)),
    ...(inLedger ? await findUnpublished(service, window, outcomes) : []),
  ];
  const once = new Map(toWake.map((request) => [request.key, request]));
  return { ...open, toWake: [...once.values()] };
}

/** The request itself may be gone (it held a private key) before its refusal was published. */
async function findUnpublished(
  service: Service,
  { graceMs, recordsMs }: Window,
  outcomes: Outcomes,
): Promise<OpenRequest[]> {
  const found: OpenRequest[] = [];
  const now = service.now().getTime();
  for await (const { key, lastModified } of service.authority.list('records/')) {
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
