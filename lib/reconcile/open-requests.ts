/** Requests that have no outcome yet, as the listings of the exchange bucket tell: no object is read. */
import { outcomeKeys, parseRequestKey } from '../contract/request-key.ts';
import type { Service } from '../service.ts';

export interface OpenRequest {
  readonly key: string;
  /** Uploaded at; of one that waits, waiting since. */
  readonly since: Date;
}

export interface OpenRequests {
  /** Nothing has been said of them yet. Those that are no `.csr` are told apart: they may never get an outcome. */
  readonly unanswered: readonly (OpenRequest & { readonly isRequest: boolean })[];
  /** Wait for an approver. */
  readonly waiting: readonly OpenRequest[];
}

/** What nodes can read, by key. */
export interface Outcomes {
  has(key: string): boolean;
}

export async function listOpenRequests(
  service: Service,
): Promise<OpenRequests & { readonly outcomes: Outcomes }> {
  const outcomes = await readOutcomes(service);
  const unanswered: (OpenRequest & { isRequest: boolean })[] = [];
  const waiting: OpenRequest[] = [];
  for await (const { key, lastModified } of service.exchange.list('requests/')) {
    const address = parseRequestKey(key);
    const isRequest = address?.path.endsWith('.csr') === true;
    const keys = address && outcomeKeys(address);
    if (keys && (outcomes.has(keys.certificate) || outcomes.has(keys.rejected))) continue;
    const waitsSince = keys && outcomes.get(keys.pending);
    if (waitsSince) waiting.push({ key, since: waitsSince });
    else unanswered.push({ key, since: lastModified, isRequest });
  }
  return { unanswered, waiting, outcomes };
}

async function readOutcomes({ exchange }: Service): Promise<Map<string, Date>> {
  const outcomes = new Map<string, Date>();
  for await (const { key, lastModified } of exchange.list('certificates/'))
    outcomes.set(key, lastModified);
  return outcomes;
}

/** Seconds since the oldest of them; 0 if there is none. */
export function oldestAgeSeconds(requests: readonly OpenRequest[], now: Date): number {
  const ages = requests.map(({ since }) => (now.getTime() - since.getTime()) / 1000);
  return Math.floor(ages.reduce((oldest, age) => Math.max(oldest, age), 0));
}

/** `requests/<cluster>/…`; the empty text if there is none. */
export function clusterOf(key: string): string {
  return key.split('/')[1] ?? '';
}
