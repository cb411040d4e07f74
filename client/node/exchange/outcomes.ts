/** Which outcomes the requests under one request id have. */
import { type OutcomeState, outcomeIn } from '../../../lib/contract/outcomes.ts';
import {
  outcomeKeys,
  outcomesPrefix,
  parseRequestKey,
  requestKeyOfOutcome,
  requestKindOf,
  requestsPrefix,
} from '../../../lib/contract/request-key.ts';
import { CommandError } from '../../errors.ts';
import type { Exchange } from './exchange.ts';

export interface NodePlace {
  readonly cluster: string;
  readonly node: string;
}

export interface RequestPlace extends NodePlace {
  readonly request: string;
}

export interface Outcome {
  /** Key of the request. */
  readonly requestKey: string;
  /** Path below the request id without `.csr`: `pki/etcd/server`. */
  readonly path: string;
  readonly state: OutcomeState | 'no-outcome';
  /** Key of the outcome's object; undefined if there is no outcome yet. */
  readonly key: string | undefined;
}

/** @throws CommandError if there is no such request */
export async function readOutcomes(exchange: Exchange, place: RequestPlace): Promise<Outcome[]> {
  const outcomes = await findOutcomes(exchange, place);
  if (outcomes.length > 0) return outcomes;
  const { cluster, node, request } = place;
  throw new CommandError(
    'usage',
    `there is no request ${request} of ${cluster}/${node}`,
    'submit the CSRs first; the request id is the one that cakeless submit printed',
  );
}

/** Empty if nothing was uploaded under this id. */
export async function findOutcomes(
  exchange: Exchange,
  { cluster, node, request }: RequestPlace,
): Promise<Outcome[]> {
  const [requests, found] = await Promise.all([
    keysUnder(exchange, requestsPrefix(cluster, node, request)),
    outcomeKeysUnder(exchange, { cluster, node }, request),
  ]);
  // A request that contained a private key is deleted at once; its rejection remains.
  const rejected = [...found]
    .map((key) => requestKeyOfOutcome(key, 'rejected'))
    .filter((key) => key !== undefined)
    .filter((key) => parseRequestKey(key) !== undefined);
  const all = new Set([...requests].filter(isRequest).concat(rejected));
  return [...all].sort().map((key) => outcomeOf(key, found));
}

function isRequest(key: string): boolean {
  const address = parseRequestKey(key);
  return address !== undefined && requestKindOf(address) !== undefined;
}

/** Keys of all outcomes of a node, or of one request id. */
export const outcomeKeysUnder = (
  exchange: Exchange,
  { cluster, node }: NodePlace,
  request?: string,
) => keysUnder(exchange, outcomesPrefix(cluster, node, request));

/** @param found keys of outcomes that exist */
export function outcomeOf(requestKey: string, found: ReadonlySet<string>): Outcome {
  const address = parseRequestKey(requestKey);
  const path = address?.path.replace(/\.csr$/, '') ?? requestKey;
  if (!address) return { requestKey, path, state: 'no-outcome', key: undefined };
  const outcome = outcomeIn(found, outcomeKeys(address));
  return { requestKey, path, state: 'no-outcome', key: undefined, ...outcome };
}

/** A node that renews every day has about 5,000 outcomes a year. */
const MAX_KEYS = 100_000;

export async function keysUnder(store: Exchange, prefix: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  let listed = 0;
  for await (const { key } of store.list(prefix)) {
    keys.add(key);
    listed += 1; // pages, not keys: a listing that repeats itself never ends
    if (listed > MAX_KEYS)
      throw new CommandError(
        'failure',
        `${prefix}: more than ${MAX_KEYS} objects`,
        'ask the operators to remove what does not belong there, and to find out who uploaded it',
      );
  }
  return keys;
}
