/** The pending document of a request that an approver names. */
import { outcomeIn, type PendingDocument, readPending } from '../../lib/contract/outcomes.ts';
import {
  outcomeKeys,
  parseRequestKey,
  type RequestAddress,
} from '../../lib/contract/request-key.ts';
import { LIMITS } from '../../lib/limits.ts';
import type { ObjectReader } from '../../lib/store/object-store.ts';
import { CommandError } from '../errors.ts';

/** @throws CommandError if the request is not pending */
export async function requirePending(
  exchange: ObjectReader,
  address: RequestAddress,
): Promise<PendingDocument> {
  const pending = await readPending(exchange, outcomeKeys(address).pending);
  if (pending) return pending;
  const [why, hint] = await explainMissing(exchange, address);
  throw new CommandError('usage', `${address.key}: not waiting for approval: ${why}`, hint);
}

async function explainMissing(
  exchange: ObjectReader,
  address: RequestAddress,
): Promise<readonly [why: string, hint: string]> {
  const exists = (key: string) => exchange.get(key, LIMITS.maxObjectBytes);
  const { certificate, rejected, pending } = outcomeKeys(address);
  const [issued, refused, uploaded] = await Promise.all(
    [certificate, rejected, address.key].map(exists),
  );
  const found = new Set([...(issued ? [certificate] : []), ...(refused ? [rejected] : [])]);
  const state = outcomeIn(found, { certificate, rejected, pending })?.state;
  const show = `run cakeless request show ${address.key}`;
  if (state === 'issued') return ['the certificate has been issued', show];
  if (state === 'rejected') return ['it was rejected', show];
  if (await isPendingAsCsr(exchange, address))
    return ['it is not a CSR', `give the key of its CSR: ${address.key}.csr`];
  return [
    uploaded ? 'it has no outcome yet' : 'it was never uploaded, or has expired',
    'run cakeless pending to list the requests that need approval',
  ];
}

/** Users often name the certificate file instead of its CSR. */
async function isPendingAsCsr(exchange: ObjectReader, { key }: RequestAddress): Promise<boolean> {
  const csr = parseRequestKey(`${key}.csr`);
  return !!csr && !!(await exchange.get(outcomeKeys(csr).pending, LIMITS.maxObjectBytes));
}
