import { type BucketIndex, byteOrder } from './bucket-index.ts';
import type { Version } from './version.ts';

/** Which part of a bucket to list. */
export interface ListingRequest {
  readonly prefix: string;
  readonly delimiter: string;
  /** Only keys after this one. */
  readonly startAfter: string;
  readonly continuationToken: string | undefined;
  readonly maxKeys: number;
}

/** One page of a listing. */
export interface ListingPage {
  readonly contents: readonly Version[];
  readonly commonPrefixes: readonly string[];
  /** Where the next page begins; undefined on the last page. */
  readonly nextToken: string | undefined;
}

/**
 * Lists current objects in byte order; keys that agree up to the first delimiter after the prefix become one
 * common prefix, which counts as one towards `maxKeys`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
 */
export function listObjects(index: BucketIndex, request: ListingRequest): ListingPage {
  const prefix = byteOrder(request.prefix);
  const delimiter = byteOrder(request.delimiter);
  const contents: Version[] = [];
  const commonPrefixes: string[] = [];
  let last = '';
  let position = firstPosition(request, prefix);
  for (
    let at = index.firstFrom(position);
    at?.order.startsWith(prefix);
    at = index.firstFrom(position)
  ) {
    const current = at.versions[0];
    position = after(at.order);
    if (current === undefined || current.deleteMarker) continue;
    const cut = delimiter === '' ? -1 : at.order.indexOf(delimiter, prefix.length);
    if (contents.length + commonPrefixes.length === request.maxKeys) {
      return {
        contents,
        commonPrefixes,
        nextToken: request.maxKeys > 0 ? encodeToken(last) : undefined,
      };
    }
    if (cut < 0) {
      contents.push(current);
    } else {
      const common = at.order.slice(0, cut + delimiter.length);
      commonPrefixes.push(Buffer.from(common, 'latin1').toString('utf8'));
      position = afterAll(common);
    }
    last = position;
  }
  return { contents, commonPrefixes, nextToken: undefined };
}

/** Whether a token has the form of those in responses. */
export function isContinuationToken(token: string): boolean {
  return encodeToken(decodeToken(token)) === token;
}

function firstPosition(request: ListingRequest, prefix: string): string {
  const asked =
    request.continuationToken !== undefined
      ? decodeToken(request.continuationToken)
      : request.startAfter === ''
        ? ''
        : after(byteOrder(request.startAfter));
  return asked > prefix ? asked : prefix;
}

/** The first position after a key. */
function after(order: string): string {
  return `${order}\0`;
}

/** The first position after all keys with this prefix. UTF-8 has no byte 0xFF. */
function afterAll(prefix: string): string {
  return `${prefix}\u00ff`;
}

function encodeToken(position: string): string {
  return Buffer.from(position, 'latin1').toString('base64url');
}

function decodeToken(token: string): string {
  return Buffer.from(token, 'base64url').toString('latin1');
}
