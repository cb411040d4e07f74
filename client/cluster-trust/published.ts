/** What the bucket publishes of a rotation. Anyone who can write the bucket chose it, so it proves nothing here. */
import {
  type PublishedRotation,
  publishedRotationKey,
} from '../../lib/contract/published-rotation.ts';
import { Fault } from '../../lib/fault.ts';
import { isSubdomain } from '../../lib/names.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
import { readRotation } from '../node/rotation/read-rotation.ts';
import { readBundle } from '../node/trust/read-bundle.ts';

export interface Published {
  readonly rotation: PublishedRotation;
  /** The bundle of `ca` in canonical PEM. */
  readonly ca: string;
  /** Absent if the trust domain has no such CA. */
  readonly kubeletCa?: string;
}

/**
 * @returns undefined before the first rotation of the trust domain
 * @throws Fault if the bucket does not respond, or what it has cannot be used
 */
export async function readPublished(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
): Promise<Published | undefined> {
  const rotation = await readKnownRotation(exchange, trustDomain);
  if (rotation === undefined) return undefined;
  const ca = await readBundle(exchange, trustDomain, 'ca');
  if ('problem' in ca) throw new Fault('document-malformed', ca.problem);
  const kubeletCa = await readBundle(exchange, trustDomain, 'kubelet-ca');
  if ('problem' in kubeletCa && !kubeletCa.isAbsent)
    throw new Fault('document-malformed', kubeletCa.problem);
  return { rotation, ca: ca.pem, ...('pem' in kubeletCa && { kubeletCa: kubeletCa.pem }) };
}

/** @throws Fault with the key, if the bucket has something else */
async function readKnownRotation(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
): Promise<PublishedRotation | undefined> {
  if (!isSubdomain(trustDomain)) return undefined;
  try {
    return await readRotation(exchange, trustDomain);
  } catch (error) {
    if (error instanceof Fault) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault('document-malformed', `${publishedRotationKey(trustDomain)}: ${reason}`);
  }
}
