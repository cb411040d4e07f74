/** What the requests under one request id have come to. */
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

export interface RequestPlace {
  readonly cluster: string;
  readonly node: string;
  readonly request: string;
}

export interface Outcome {
  /** Key of the request. */
  readonly requestKey: string;
  /** Path below the request id without `.csr`: `pki/etcd/server`. */
  readonly path: string;
  readonly state: OutcomeState | 'unanswered';
  /** Key of the object that says so; undefined if there is none. */
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
    'submit printed the request id',
  );
}

/** Empty if nothing was ever asked under this id. */
export async function findOutcomes(
  exchange: Exchange,
  { cluster, node, request }: RequestPlace,
): Promise<Outcome[]> {
  const [requests, found] = await Promise.all([
    keysUnder(exchange, requestsPrefix(cluster, node, request)),
    keysUnder(exchange, outcomesPrefix(cluster, node, request)),
  ]);
  // A request that held a private key is removed at once; its refusal is still there.
  const refused = found
    .map((key) => requestKeyOfOutcome(key, 'rejected'))
    .filter((key) => key !== undefined)
    .filter((key) => parseRequestKey(key) !== undefined);
  const all = new Set([...requests.filter(isRequest), ...refused]);
  return [...all].sort().map((key) => outcomeOf(key, new Set(found)));
}

function isRequest(key: string): boolean {
  const address = parseRequestKey(key);
  return address !== undefined && requestKindOf(address) !== undefined;
}

function outcomeOf(requestKey: string, found: ReadonlySet<string>): Outcome {
  const address = parseRequestKey(requestKey);
  const path = address?.path.replace(/\.csr$/, '') ?? requestKey;
  if (!address) return { requestKey, path, state: 'unanswered', key: undefined };
  const outcome = outcomeIn(found, outcomeKeys(address));
  return { requestKey, path, state: 'unanswered', key: undefined, ...outcome };
}

async function keysUnder(store: Exchange, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
