import { AwsError } from '../aws-error.ts';
import type { LocalRequest } from '../http/message.ts';
import type { Principal } from '../principals.ts';
import { canonicalRequest } from './canonical-request.ts';
import type { SignatureClaim } from './claim.ts';
import { withHoistedHeaders } from './hoisted-headers.ts';
import { sameSignature, sha256Hex, sign, signingKey } from './signing-key.ts';

/** An authenticated caller, and what the signatures of its chunks are checked with. */
export interface Caller {
  /** The request with the headers that a presigned URL carries in its query. */
  readonly request: LocalRequest;
  readonly principal: Principal;
  readonly claim: SignatureClaim;
  readonly key: Buffer;
  /** What the signature covers: the hash of the payload, or a keyword such as UNSIGNED-PAYLOAD. */
  readonly payloadHash: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html: fifteen minutes either way. */
const maxSkewMs = 15 * 60 * 1000;

/**
 * Finds out who sent a request, before its body is read if the request says what its body hashes to, as all requests
 * to S3 do. `openPayload` checks the body afterwards.
 * @param maxBodyBytes of the body of a request to another service that does not say so
 * @throws AwsError if the signature is invalid
 */
export async function authenticate(
  sent: LocalRequest,
  claim: SignatureClaim,
  known: { principal(accessKeyId: string): Principal | undefined; region: string; now: Date },
  maxBodyBytes: number,
): Promise<Caller> {
  const principal = known.principal(claim.accessKeyId);
  if (principal === undefined) {
    throw new AwsError(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      { details: { AWSAccessKeyId: claim.accessKeyId } },
    );
  }
  checkRegion(claim, known.region);
  checkTime(claim, known.now);
  checkSignedHeaders(sent, claim);
  const request = claim.form === 'query' ? withHoistedHeaders(sent) : sent;
  refuseToken(request);
  const key = signingKey(principal.secretAccessKey, claim.scope);
  const payloadHash =
    declaredPayloadHash(request, claim) ?? sha256Hex(await request.body(maxBodyBytes));
  const expected = sign(key, 'AWS4-HMAC-SHA256', claim, [
    sha256Hex(canonicalRequest(sent, claim, payloadHash)),
  ]);
  if (!sameSignature(claim.signature, expected)) {
    throw new AwsError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  return { request, principal, claim, key, payloadHash };
}

function checkRegion({ scope, form }: SignatureClaim, region: string): void {
  if (scope.region === region) return;
  throw new AwsError(
    form === 'header' ? 'AuthorizationHeaderMalformed' : 'AuthorizationQueryParametersError',
    `The authorization is malformed; the region '${scope.region}' is wrong; expecting '${region}'`,
    { details: { Region: region } },
  );
}

function checkTime(claim: SignatureClaim, now: Date): void {
  const ageMs = now.getTime() - claim.signedAt.getTime();
  if (claim.expiresSeconds === undefined) {
    if (Math.abs(ageMs) <= maxSkewMs) return;
    throw new AwsError(
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      { details: { RequestTime: claim.timestamp, ServerTime: now.toISOString() } },
    );
  }
  if (ageMs < -maxSkewMs) throw new AwsError('AccessDenied', 'Request is not valid yet');
  if (ageMs > claim.expiresSeconds * 1000) {
    throw new AwsError('AccessDenied', 'Request has expired', {
      details: { 'X-Amz-Expires': String(claim.expiresSeconds), ServerTime: now.toISOString() },
    });
  }
}

/** The signature must cover the host and every x-amz- header, or a third party could add one in transit. */
function checkSignedHeaders(request: LocalRequest, claim: SignatureClaim): void {
  const unsigned = [...request.headers.keys()].filter(
    (name) => (name === 'host' || name.startsWith('x-amz-')) && !claim.signedHeaders.includes(name),
  );
  if (unsigned.length > 0) {
    throw new AwsError(
      'AccessDenied',
      'There were headers present in the request which were not signed',
      { details: { HeadersNotSigned: unsigned.join(', ') } },
    );
  }
}

/** Principals of the stand-in have long-lived keys. A token is probably left over from another session. */
function refuseToken(request: LocalRequest): void {
  if (request.headers.has('x-amz-security-token')) {
    throw new AwsError(
      'InvalidToken',
      'The provided token is not valid: principals of the stand-in have no session token; unset AWS_SESSION_TOKEN',
    );
  }
}

/** Presigned URLs and services other than S3 may omit the hash; S3's header form may not. */
function declaredPayloadHash(request: LocalRequest, claim: SignatureClaim): string | undefined {
  const declared = request.headers.get('x-amz-content-sha256');
  if (declared !== undefined) return declared;
  if (claim.scope.service !== 's3') return undefined;
  if (claim.form === 'query') return 'UNSIGNED-PAYLOAD';
  throw new AwsError(
    'InvalidRequest',
    'Missing required header for this request: x-amz-content-sha256',
  );
}
