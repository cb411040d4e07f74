/** Where requests go and outcomes come from. */

import { digestOf } from '../../../lib/csr/read-request.ts';
import { LIMITS } from '../../../lib/limits.ts';
import type { ListedObject, ObjectReader, ObjectStore } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';

/**
 * What a node needs from the exchange bucket: the bucket itself, the URLs of an invitation (invited-exchange.ts), or
 * the objects in a file from `cakeless relay` (relay-file.ts). Keys are those of the S3 contract.
 */
export interface Exchange extends ObjectReader, Pick<ObjectStore, 'create'> {
  list(prefix: string): AsyncIterable<FoundObject>;
}

/** What an invitation or a file can say about an object without listing a bucket. */
export type FoundObject = Pick<ListedObject, 'key' | 'lastModified'>;

/** The keys of requests contain other CSRs. */
export class RequestTakenError extends CommandError {
  readonly keys: readonly string[];

  constructor(...keys: string[]) {
    super(
      'usage',
      `${keys.join(', ')}: another CSR was uploaded under this request id`,
      'choose another --request; an uploaded request never changes',
    );
    this.keys = keys;
  }
}

/** @returns false if the same CSR had been uploaded before. @throws RequestTakenError if another one had */
export async function upload(
  exchange: Exchange,
  key: string,
  bytes: Uint8Array | string,
  metadata?: Record<string, string>,
): Promise<boolean> {
  if ((await exchange.create(key, bytes, 'application/pkcs10', metadata)) === 'created')
    return true;
  if (await holdsCsr(exchange, key, Buffer.from(bytes))) return false;
  throw new RequestTakenError(key);
}

/** Whether a key contains exactly this CSR. */
export async function holdsCsr(
  exchange: Pick<Exchange, 'get'>,
  key: string,
  csr: Uint8Array,
): Promise<boolean> {
  const object = await exchange.get(key, LIMITS.maxObjectBytes);
  return object !== undefined && digestOf(object.body) === digestOf(csr);
}
