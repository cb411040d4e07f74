/**
 * Uploads the CSRs of a new node. The request id is derived from the digest of the CSR, so a run after a killed one
 * requests nothing twice; only what was rejected is requested again, under the next number.
 */
import { outcomesPrefix, requestKey } from '../../../lib/contract/request-key.ts';
import { digestOf } from '../../../lib/csr/read-request.ts';
import { CommandError } from '../../errors.ts';
import { type Exchange, RequestTakenError } from '../exchange/exchange.ts';
import { keysUnder, type NodePlace, outcomeOf } from '../exchange/outcomes.ts';
import { anyUploaded, throwFailures, uploadAll } from '../exchange/upload-all.ts';
import type { ReadyRequest } from './keys-and-csrs.ts';
import type { Preparation } from './preparation.ts';

export interface UploadedRequest extends ReadyRequest {
  readonly requestKey: string;
}

/** @throws CommandError if the key of a request contains something else */
export async function uploadRequests(
  { exchange, cluster, config }: Pick<Preparation, 'exchange' | 'cluster' | 'config'>,
  ready: readonly ReadyRequest[],
): Promise<{ readonly requests: readonly UploadedRequest[]; readonly afterUpload: boolean }> {
  if (ready.length === 0) return { requests: [], afterUpload: false };
  const place = { cluster, node: config.nodeName };
  const found = await preparedOutcomes(exchange, place);
  const requests = ready.map((item): UploadedRequest => {
    const id = `${ID_PREFIX}${digestOf(item.csr).slice(0, 24)}`;
    let attempt = 1;
    const keyOf = () => requestKey({ ...place, requestId: `${id}-${attempt}`, path: item.path });
    while (outcomeOf(keyOf(), found).state === 'rejected') attempt += 1;
    return { ...item, requestKey: keyOf() };
  });
  const csrs = requests.map(({ requestKey: key, csr }) => ({ key, bytes: csr }));
  const results = await uploadAll(exchange, csrs);
  try {
    throwFailures(csrs, results);
  } catch (error) {
    if (!(error instanceof RequestTakenError)) throw error;
    throw new CommandError('usage', error.message); // its hint names --request, which prepare does not have
  }
  return { requests, afterUpload: anyUploaded(results) };
}

const ID_PREFIX = 'prepare-';

/** Keys of the outcomes of `prepare`: not those of a year of renewals. */
export const preparedOutcomes = (exchange: Exchange, { cluster, node }: NodePlace) =>
  keysUnder(exchange, `${outcomesPrefix(cluster, node)}${ID_PREFIX}`);
