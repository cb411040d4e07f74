/** Requests that an approver has to decide on. */

import { isPendingKey, type PendingDocument, readPending } from '../../lib/contract/outcomes.ts';
import { EXCHANGE_PREFIXES } from '../../lib/contract/prefixes.ts';
import {
  outcomeKeys,
  outcomesPrefix,
  parseRequestKey,
  type RequestAddress,
} from '../../lib/contract/request-key.ts';
import { digestOf, readRequest } from '../../lib/csr/read-request.ts';
import { Fault } from '../../lib/fault.ts';
import { LIMITS } from '../../lib/limits.ts';
import { orMalformed } from '../../lib/store/documents.ts';
import type { ObjectStore } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';

export interface PendingRequest extends PendingDocument {
  /** The subject in the CSR, such as `O=system:masters, CN=kubernetes-admin`. */
  readonly subject: string;
}

export interface PendingList {
  readonly requests: readonly PendingRequest[];
  /** Why other pending documents cannot be read, each with its key. */
  readonly unreadable: readonly string[];
}

/** @param cluster lists the requests of this cluster only */
export async function listPending(
  exchange: ObjectStore,
  cluster: string | undefined,
): Promise<PendingList> {
  const prefix = cluster === undefined ? EXCHANGE_PREFIXES.certificates : outcomesPrefix(cluster);
  const requests: PendingRequest[] = [];
  const unreadable: string[] = [];
  for await (const { key } of exchange.list(prefix)) {
    if (!isPendingKey(key)) continue;
    const pending = await readPending(exchange, key).catch(orMalformed);
    if (pending instanceof Fault) unreadable.push(pending.message);
    else if (pending)
      requests.push({ ...pending, subject: await subjectOf(exchange, pending.request) });
  }
  return { requests, unreadable };
}

/** Read from the CSR itself: an approver decides about what will be signed. */
async function subjectOf(exchange: ObjectStore, key: string): Promise<string> {
  const object = await exchange.get(key, LIMITS.maxObjectBytes);
  const subject = object && readRequest(object.body).request?.subject;
  if (!subject) return '?';
  return [...subject.organizations.map((o) => `O=${o}`), `CN=${subject.commonName}`].join(', ');
}

/**
 * The pending document of a request whose CSR has not changed since it was judged.
 * @throws CommandError if the request is not pending, or its CSR is another one
 */
export async function requirePending(
  exchange: ObjectStore,
  address: RequestAddress,
): Promise<PendingDocument> {
  const pending = await readPending(exchange, outcomeKeys(address).pending);
  if (!pending)
    throw new CommandError(
      'usage',
      `${address.key}: not waiting for approval: already decided, or never uploaded`,
      (await isPendingAsCsr(exchange, address))
        ? `give the key of its CSR: ${address.key}.csr`
        : 'run cakeless pending to list the requests that need approval',
    );
  const object = await exchange.get(address.key, LIMITS.maxObjectBytes);
  if (!object || digestOf(object.body) !== pending.csrSha256)
    throw new CommandError('usage', `${address.key}: the CSR changed after it was judged`);
  return pending;
}

/** Users often name the certificate file instead of its CSR. */
async function isPendingAsCsr(exchange: ObjectStore, { key }: RequestAddress): Promise<boolean> {
  const csr = parseRequestKey(`${key}.csr`);
  return !!csr && !!(await exchange.get(outcomeKeys(csr).pending, LIMITS.maxObjectBytes));
}
