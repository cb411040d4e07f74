/** Which outcomes the requests under one request id have. */
import {
  outcomeKeys,
  parseRequestKey,
  requestKeyOfRejection,
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
  readonly state: 'issued' | 'rejected' | 'pending' | 'unanswered';
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
    'use the request id that cakeless submit printed',
  );
}

/** Empty if nothing was uploaded under this id. */
export async function findOutcomes(
  exchange: Exchange,
  { cluster, node, request }: RequestPlace,
): Promise<Outcome[]> {
  const place = `${cluster}/${node}/${request}/`;
  const [requests, found] = await Promise.all([
    keysUnder(exchange, `requests/${place}`),
    outcomeKeysUnder(exchange, place),
  ]);
  // A request that contained a private key is deleted at once; its rejection remains.
  const rejected = [...found]
    .map(requestKeyOfRejection)
    .filter((key) => key !== undefined)
    .filter((key) => parseRequestKey(key) !== undefined);
  const all = new Set([...requests].filter(isRequest).concat(rejected));
  return [...all].sort().map((key) => outcomeOf(key, found));
}

const isRequest = (key: string) => parseRequestKey(key)?.path.endsWith('.csr') === true;

/** Keys of all outcomes of a node, or of one request id. @param place `cluster/node/` or `cluster/node/request/` */
export const outcomeKeysUnder = (exchange: Exchange, place: string) =>
  keysUnder(exchange, `certificates/${place}`);

/** @param found keys of outcomes that exist */
export function outcomeOf(requestKey: string, found: ReadonlySet<string>): Outcome {
  const address = parseRequestKey(requestKey);
  const path = address?.path.replace(/\.csr$/, '') ?? requestKey;
  if (!address) return { requestKey, path, state: 'unanswered', key: undefined };
  const keys = outcomeKeys(address);
  const states = [
    ['issued', keys.certificate],
    ['rejected', keys.rejected],
    ['pending', keys.pending],
  ] as const;
  for (const [state, key] of states) if (found.has(key)) return { requestKey, path, state, key };
  return { requestKey, path, state: 'unanswered', key: undefined };
}

async function keysUnder(store: Exchange, prefix: string): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key } of store.list(prefix)) keys.add(key);
  return keys;
}
