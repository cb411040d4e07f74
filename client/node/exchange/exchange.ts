/** Where requests go and outcomes come from, and how a request gets there. */

import { digestOf } from '../../../lib/csr/read-request.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';

/**
 * The exchange bucket as a node needs it: the bucket itself, an invitation's URLs (client/node/exchange/invitation.ts), or what
 * somebody carried here in a file (client/node/exchange/carried.ts). Keys are those of docs/s3-contract.md.
 */
export type Exchange = Pick<ObjectStore, 'get' | 'create' | 'list'>;

/** Another CSR lies under the key of a request. */
export class RequestTakenError extends CommandError {
  readonly key: string;

  constructor(key: string) {
    super(
      'usage',
      `${key}: another CSR was uploaded under this request id`,
      'choose another --request; a request never changes',
    );
    this.key = key;
  }
}

/** Whether it was uploaded now; false where the same CSR was there. @throws RequestTakenError if another one was */
export async function upload(
  exchange: Exchange,
  key: string,
  bytes: Uint8Array | string,
  metadata?: Record<string, string>,
): Promise<boolean> {
  if ((await exchange.create(key, bytes, 'application/pkcs10', metadata)) === 'created')
    return true;
  if (await isThere(exchange, key, Buffer.from(bytes))) return false;
  throw new RequestTakenError(key);
}

/** Whether this very CSR lies under a key. */
export async function isThere(
  exchange: Pick<Exchange, 'get'>,
  key: string,
  csr: Uint8Array,
): Promise<boolean> {
  const there = await exchange.get(key, LIMITS.maxObjectBytes);
  return there !== undefined && digestOf(there.body) === digestOf(csr);
}
