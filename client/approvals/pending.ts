/** Requests that an approver has to decide on. */
import { readPending } from '../../lib/contract/outcomes.ts';
import { EXCHANGE_PREFIXES } from '../../lib/contract/prefixes.ts';
import {
  outcomesPrefix,
  parseRequestKey,
  requestKeyOfOutcome,
} from '../../lib/contract/request-key.ts';
import { Fault } from '../../lib/fault.ts';
import { orMalformed } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { readRecord } from '../read-record.ts';
import { mapSideBySide } from '../side-by-side.ts';
import { type Examined, examine } from './examine.ts';

export interface PendingList {
  readonly requests: readonly Examined[];
  /** Why other pending documents cannot be read, each with its key. */
  readonly unreadable: readonly string[];
}

interface Stores {
  readonly exchange: ObjectStore;
  readonly authority: ObjectStore;
}

/**
 * @param cluster lists the requests of this cluster only
 * @throws CommandError if the cluster has neither requests nor a record: its name is misspelled
 */
export async function listPending(
  stores: Stores,
  cluster: string | undefined,
  now: Date,
): Promise<PendingList> {
  const prefix = cluster === undefined ? EXCHANGE_PREFIXES.certificates : outcomesPrefix(cluster);
  const found: { key: string; request: string }[] = [];
  for await (const { key } of stores.exchange.list(prefix)) {
    const request = requestKeyOfOutcome(key, 'pending');
    if (request !== undefined) found.push({ key, request });
  }
  if (cluster !== undefined && found.length === 0) await readRecord(stores.authority, cluster);
  const read = await mapSideBySide(found, ({ key, request }) =>
    readOne(stores, key, request, now).catch(orMalformed),
  );
  return {
    requests: read.flatMap((one) => (one === undefined || one instanceof Fault ? [] : [one])),
    unreadable: read.flatMap((one) => (one instanceof Fault ? [one.message] : [])),
  };
}

/** undefined if it has been decided since it was listed. */
async function readOne(
  stores: Stores,
  key: string,
  request: string,
  now: Date,
): Promise<Examined | undefined> {
  const pending = await readPending(stores.exchange, key);
  const address = parseRequestKey(request);
  if (!pending || !address) return undefined;
  return examine(stores, address, pending, now);
}
