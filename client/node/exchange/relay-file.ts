/** The file from `cakeless relay`: the objects of the exchange bucket that the node would read. */

import * as z from 'zod/mini';
import { EXCHANGE_PREFIXES } from '../../../lib/contract/prefixes.ts';
import { NOT_A_REQUEST, parseRequestKey } from '../../../lib/contract/request-key.ts';
import { isBundleKey } from '../../../lib/contract/trust-domain.ts';
import type { StoredObject } from '../../../lib/store/object-store.ts';
import { CommandError } from '../../errors.ts';
import type { Exchange, FoundObject } from './exchange.ts';
import { base64, placeFields, readCarriedFile } from './file-format.ts';

export const relayFileSchema = z.strictObject({
  cakelessOutcomes: z.literal(1),
  ...placeFields,
  objects: z
    .array(
      z.strictObject({
        key: z.string(),
        body: base64,
        metadata: z.record(z.string(), z.string()),
      }),
    )
    .check(z.maxLength(500)),
});

export type RelayFile = z.infer<typeof relayFileSchema>;

/** @throws CommandError if it is another file, or contains an object that does not belong to its request */
export function readRelayFile(file: string): RelayFile {
  const relayed = readCarriedFile(file, 'cakeless relay', relayFileSchema);
  const { cluster, node, request } = relayed;
  const place = `${cluster}/${node}/${request}/`;
  for (const { key } of relayed.objects)
    if (!isOutcomeOf(place, key) && !isBundleKey(key))
      throw new CommandError(
        'usage',
        `${file}: object ${JSON.stringify(key)} does not belong to request ${place.slice(0, -1)}`,
      );
  return relayed;
}

function isOutcomeOf(place: string, key: string): boolean {
  const { requests, certificates } = EXCHANGE_PREFIXES;
  const prefix = [requests, certificates].find((one) => key.startsWith(`${one}${place}`));
  return prefix !== undefined && isRequestPath(`${requests}${key.slice(prefix.length)}`);
}

/** In the characters of a request's path, with `~upload` for the rejection of something that was not a CSR. */
const isRequestPath = (key: string) =>
  parseRequestKey(key.replace(NOT_A_REQUEST, '')) !== undefined;

/** The relayed objects as an exchange that does not accept requests. */
export class RelayedExchange implements Exchange {
  readonly #objects: ReadonlyMap<string, StoredObject>;

  constructor({ objects }: Pick<RelayFile, 'objects'>) {
    this.#objects = new Map(
      objects.map(({ key, body, metadata }) => {
        const bytes = Buffer.from(body, 'base64');
        const object = {
          body: bytes,
          metadata,
          size: bytes.length,
          tooLarge: false,
          eTag: undefined,
          versionId: undefined,
        };
        return [key, object];
      }),
    );
  }

  async get(key: string, maxBytes: number): Promise<StoredObject | undefined> {
    const object = this.#objects.get(key);
    if (!object || object.size <= maxBytes) return object;
    return { ...object, body: new Uint8Array(), tooLarge: true };
  }

  async create(): Promise<never> {
    throw new Error('a file from cakeless relay does not accept requests');
  }

  async *list(prefix: string): AsyncGenerator<FoundObject> {
    for (const key of [...this.#objects.keys()].sort())
      if (key.startsWith(prefix)) yield { key, lastModified: new Date(0) };
  }
}
