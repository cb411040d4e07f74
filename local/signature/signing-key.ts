import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureClaim } from './claim.ts';

/**
 * The key that signs requests of one day, region and service.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#calculate-signature
 */
export function signingKey(secret: string, scope: SignatureClaim['scope']): Buffer {
  return [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  );
}

/** Signs lines. The algorithm says what is signed: a request, a chunk or a trailer. */
export function sign(
  key: Buffer,
  algorithm: string,
  claim: SignatureClaim,
  lines: readonly string[],
): string {
  const { date, region, service } = claim.scope;
  const scope = `${date}/${region}/${service}/aws4_request`;
  return hmac(key, [algorithm, claim.timestamp, scope, ...lines].join('\n')).toString('hex');
}

/** SHA-256 in lower-case hex, as everywhere in the protocol. */
export function sha256Hex(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Compares in constant time. */
export function sameSignature(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
