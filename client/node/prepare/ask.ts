/**
 * Uploads CSRs and reads what they came to. A request id is made of the CSR's digest, so a run that was killed asks for
 * nothing twice; only what was refused before is asked again, under the next number.
 */

import { type OutcomeState, outcomeIn } from '../../../lib/contract/outcomes.ts';
import {
  outcomeKeys,
  outcomesPrefix,
  parseRequestKey,
  requestKey,
} from '../../../lib/contract/request-key.ts';
import { digestOf } from '../../../lib/csr/read-request.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import { isThere } from '../exchange/exchange.ts';
import type { ReadyToAsk } from './keys-and-csrs.ts';

export interface Asked extends ReadyToAsk {
  readonly requestKey: string;
}

export interface Answer {
  readonly state: OutcomeState | 'unanswered';
  /** Of the object that says so. */
  readonly key: string | undefined;
}

export interface Asker {
  readonly cluster: string;
  readonly node: string;
}

/** @throws CommandError if something else lies under a request's key */
export async function ask(
  exchange: ObjectStore,
  { cluster, node }: Asker,
  ready: readonly ReadyToAsk[],
): Promise<Asked[]> {
  const known = await outcomesOf(exchange, { cluster, node });
  const asked: Asked[] = [];
  for (const item of ready) {
    const id = `prepare-${digestOf(item.csr).slice(0, 24)}`;
    let attempt = 1;
    const keyOf = () =>
      requestKey({ cluster, node, requestId: `${id}-${attempt}`, path: item.path });
    while (answerOf(keyOf(), known).state === 'rejected') attempt += 1;
    await upload(exchange, keyOf(), item.csr);
    asked.push({ ...item, requestKey: keyOf() });
  }
  return asked;
}

async function upload(exchange: ObjectStore, key: string, csr: Uint8Array): Promise<void> {
  if ((await exchange.create(key, csr, 'application/pkcs10')) === 'created') return;
  if (await isThere(exchange, key, csr)) return;
  throw new CommandError('usage', `${key}: something else was uploaded there`);
}

/** Keys below `certificates/` of everything that this command ever asked for this node. */
export async function outcomesOf(
  exchange: ObjectStore,
  { cluster, node }: Asker,
): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key } of exchange.list(outcomesPrefix(cluster, node))) keys.add(key);
  return keys;
}

export function answerOf(requestKey: string, known: ReadonlySet<string>): Answer {
  const address = parseRequestKey(requestKey);
  if (!address) throw new Error(`${requestKey} is no key of a request`);
  return outcomeIn(known, outcomeKeys(address)) ?? { state: 'unanswered', key: undefined };
}
