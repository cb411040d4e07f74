import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureClaim } from './claim.ts';

/**
 * The key that signs one day, region and service.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#calculate-signature
 */
export function signingKey(secret: string, scope: SignatureClaim['scope']): Buffer {
  return [scope.date, scope.region, scope.service, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${secret}`),
  );
}

/** Signs: the algorithm names the kind of thing (request, chunk, trailer), the lines what is signed of it. */
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

/** SHA-256 in lower-case hex, as every place of the protocol writes it. */
export function sha256Hex(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Compares without telling by the time taken how much was right. */
export function sameSignature(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
