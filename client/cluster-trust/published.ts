/** What the bucket publishes of a rotation. Anyone who can write the bucket chose it, so it proves nothing here. */
import {
  MAX_PUBLISHED_ROTATION_BYTES,
  type PublishedRotation,
  publishedRotationKey,
  publishedRotationSchema,
} from '../../lib/contract/published-rotation.ts';
import { Fault } from '../../lib/fault.ts';
import { isSubdomain } from '../../lib/names.ts';
import { readDocument } from '../../lib/store/documents.ts';
import type { Exchange } from '../node/exchange/exchange.ts';
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
  const rotation = await readRotation(exchange, trustDomain);
  if (rotation === undefined) return undefined;
  const ca = await readBundle(exchange, trustDomain, 'ca');
  if ('problem' in ca) throw new Fault('document-malformed', ca.problem);
  const kubeletCa = await readBundle(exchange, trustDomain, 'kubelet-ca');
  if ('problem' in kubeletCa && !kubeletCa.isAbsent)
    throw new Fault('document-malformed', kubeletCa.problem);
  return { rotation, ca: ca.pem, ...('pem' in kubeletCa && { kubeletCa: kubeletCa.pem }) };
}

async function readRotation(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
): Promise<PublishedRotation | undefined> {
  if (!isSubdomain(trustDomain)) return undefined;
  const key = publishedRotationKey(trustDomain);
  try {
    const most = MAX_PUBLISHED_ROTATION_BYTES;
    const rotation = await readDocument(exchange, key, publishedRotationSchema, most);
    if (rotation === undefined || rotation.trustDomain === trustDomain) return rotation;
    throw new Fault('document-malformed', `${key}: is of another trust domain`);
  } catch (error) {
    // S3 denies a missing object to those who may not list it
    if (error instanceof Fault && error.code === 'not-allowed') return undefined;
    throw error;
  }
}
