/** Reads what a trust domain publishes about its rotations. It proves nothing, but has to be consistent. */
import {
  MAX_PUBLISHED_ROTATION_BYTES,
  type PublishedRotation,
  publishedRotationKey,
  publishedRotationSchema,
} from '../../../lib/contract/published-rotation.ts';
import { Fault } from '../../../lib/fault.ts';
import { isSubdomain } from '../../../lib/names.ts';
import { printable } from '../../../lib/printable.ts';
import { describeIssue } from '../../../lib/store/describe-issue.ts';
import type { Exchange } from '../exchange/exchange.ts';

/**
 * Where a node reads it: the bucket, or its cluster. undefined if it does not exist.
 * @throws Error that says why it cannot be read
 */
export type RotationSource = () => Promise<PublishedRotation | undefined>;

/** @throws Error that says why it cannot be read */
export async function readRotation(
  exchange: Pick<Exchange, 'get'>,
  trustDomain: string,
): Promise<PublishedRotation | undefined> {
  if (!isSubdomain(trustDomain)) throw new Error('the trust domain of this node has no valid name');
  const object = await getIfThere(exchange, publishedRotationKey(trustDomain));
  if (!object) return undefined;
  if (object.tooLarge) throw new Error(`it is larger than ${MAX_PUBLISHED_ROTATION_BYTES} bytes`);
  return parseRotation(Buffer.from(object.body).toString('utf8'), trustDomain);
}

/** S3 denies a missing object to those who may not list it, such as nodes. */
async function getIfThere(exchange: Pick<Exchange, 'get'>, key: string) {
  try {
    return await exchange.get(key, MAX_PUBLISHED_ROTATION_BYTES);
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-allowed') return undefined;
    throw error;
  }
}

/** @param trustDomain that it must be of, if that is known @throws Error that says what is wrong with it */
export function parseRotation(text: string, trustDomain?: string): PublishedRotation {
  const result = publishedRotationSchema.safeParse(parseJson(text));
  if (!result.success)
    throw new Error(printable(result.error.issues.slice(0, 3).map(describeIssue).join('; ')));
  const published = result.data;
  if (trustDomain !== undefined && published.trustDomain !== trustDomain)
    throw new Error(`it is of trust domain ${printable(published.trustDomain.slice(0, 253))}`);
  const contradiction = findContradiction(published);
  if (contradiction !== undefined) throw new Error(contradiction);
  return published;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
}

function findContradiction({ rotation, ended }: PublishedRotation): string | undefined {
  if (!rotation) return undefined;
  const { ca, from, to } = rotation;
  if (from.publicKeySha256 === to.publicKeySha256)
    return `it rotates ${ca} from a key to the same key`;
  const has = (key: string) => ended.some((one) => one.ca === ca && one.publicKeySha256 === key);
  if (has(from.publicKeySha256) || has(to.publicKeySha256))
    return `it rotates a version of ${ca} that it says has ended`;
  return undefined;
}
