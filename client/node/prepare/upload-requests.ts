/**
 * Uploads the CSRs of a new node. The request id is derived from the digest of the CSR, so a run after a killed one
 * requests nothing twice; only what was rejected is requested again, under the next number.
 */
import { requestKey } from '../../../lib/contract/request-key.ts';
import { digestOf } from '../../../lib/csr/read-request.ts';
import { CommandError } from '../../errors.ts';
import { RequestTakenError, upload } from '../exchange/exchange.ts';
import { outcomeKeysUnder, outcomeOf } from '../exchange/outcomes.ts';
import type { ReadyRequest } from './keys-and-csrs.ts';
import type { Preparation } from './preparation.ts';

export interface UploadedRequest extends ReadyRequest {
  readonly requestKey: string;
}

/** @throws CommandError if the key of a request contains something else */
export async function uploadRequests(
  { exchange, cluster, config }: Pick<Preparation, 'exchange' | 'cluster' | 'config'>,
  ready: readonly ReadyRequest[],
): Promise<UploadedRequest[]> {
  const place = { cluster, node: config.nodeName };
  const found = await outcomeKeysUnder(exchange, place);
  const uploaded: UploadedRequest[] = [];
  for (const item of ready) {
    const id = `prepare-${digestOf(item.csr).slice(0, 24)}`;
    let attempt = 1;
    const keyOf = () => requestKey({ ...place, requestId: `${id}-${attempt}`, path: item.path });
    while (outcomeOf(keyOf(), found).state === 'rejected') attempt += 1;
    await uploadCsr(exchange, keyOf(), item.csr);
    uploaded.push({ ...item, requestKey: keyOf() });
  }
  return uploaded;
}

async function uploadCsr(
  exchange: Preparation['exchange'],
  key: string,
  csr: Uint8Array,
): Promise<void> {
  try {
    await upload(exchange, key, csr);
  } catch (error) {
    if (!(error instanceof RequestTakenError)) throw error;
    throw new CommandError('usage', error.message); // its hint names --request, which prepare does not have
  }
}
