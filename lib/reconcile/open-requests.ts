/** Requests that have no outcome yet, from listings of the exchange bucket: no object is read. */
import { outcomeIn } from '../contract/outcomes.ts';
import { EXCHANGE_PREFIXES } from '../contract/prefixes.ts';
import { outcomeKeys, parseRequestKey, requestKindOf } from '../contract/request-key.ts';
import type { Service } from '../service.ts';

export interface OpenRequest {
  readonly key: string;
  /** When it was uploaded, or, if it is pending, since when. */
  readonly since: Date;
}

export interface OpenRequests {
  /** Requests without any outcome; and objects that are not requests, which may never get one. */
  readonly withoutOutcome: readonly (OpenRequest & { readonly isRequest: boolean })[];
  /** Pending: an approver has to decide. */
  readonly waiting: readonly OpenRequest[];
}

/** Keys of what nodes can read. */
export interface Outcomes {
  has(key: string): boolean;
}

export async function listOpenRequests(
  service: Service,
): Promise<OpenRequests & { readonly outcomes: Outcomes }> {
  const outcomes = await readOutcomes(service);
  const withoutOutcome: (OpenRequest & { isRequest: boolean })[] = [];
  const waiting: OpenRequest[] = [];
  for await (const { key, lastModified } of service.exchange.list(EXCHANGE_PREFIXES.requests)) {
    const address = parseRequestKey(key);
    const isRequest = address !== undefined && requestKindOf(address) !== undefined;
    const keys = address && outcomeKeys(address);
    const outcome = keys && outcomeIn(outcomes, keys);
    const pendingSince = outcome?.state === 'pending' && outcomes.get(outcome.key);
    if (pendingSince) waiting.push({ key, since: pendingSince });
    else if (!outcome) withoutOutcome.push({ key, since: lastModified, isRequest });
  }
  return { withoutOutcome, waiting, outcomes };
}

async function readOutcomes({ exchange }: Service): Promise<Map<string, Date>> {
  const outcomes = new Map<string, Date>();
  for await (const { key, lastModified } of exchange.list(EXCHANGE_PREFIXES.certificates))
    outcomes.set(key, lastModified);
  return outcomes;
}

/** Age of the oldest request in seconds; 0 for an empty list. */
export function oldestAgeSeconds(requests: readonly OpenRequest[], now: Date): number {
  const ages = requests.map(({ since }) => (now.getTime() - since.getTime()) / 1000);
  return Math.floor(ages.reduce((oldest, age) => Math.max(oldest, age), 0));
}

/** The cluster of a request's key; the empty text if the key names no cluster. */
export function clusterOf(key: string): string {
  return key.split('/')[1] ?? '';
}
