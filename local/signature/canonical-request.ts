import type { LocalRequest } from '../http/message.ts';
import { decodePercent } from '../http/read-request.ts';
import type { SignatureClaim } from './claim.ts';

/**
 * The text that the client hashed and signed, rebuilt from the request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request
 */
export function canonicalRequest(
  request: LocalRequest,
  claim: SignatureClaim,
  payloadHash: string,
): string {
  return [
    request.method,
    canonicalPath(request.rawPath, claim.scope.service),
    canonicalQuery(request),
    ...claim.signedHeaders.map((name) => `${name}:${canonicalValue(request.headers.get(name))}`),
    '',
    claim.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

/** S3 encodes a path once; every other service encodes the encoded path again (the same page). */
function canonicalPath(rawPath: string, service: string): string {
  return rawPath
    .split('/')
    .map((segment) => encodeStrictly(service === 's3' ? decodePercent(segment) : segment))
    .join('/');
}

function canonicalQuery(request: LocalRequest): string {
  return request.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodeStrictly(name), encodeStrictly(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function canonicalValue(value = ''): string {
  return value.trim().replace(/ +/g, ' ');
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Encodes everything except RFC 3986's unreserved characters; encodeURIComponent leaves five others. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
